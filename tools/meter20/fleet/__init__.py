"""A fleet: many emulated meters in a few processes, with households that use and buy."""
