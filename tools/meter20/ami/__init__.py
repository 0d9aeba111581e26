"""The head-end: purchases that come over a network, and their tokens' way to the meters."""
