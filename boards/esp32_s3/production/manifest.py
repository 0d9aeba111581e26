# A frozen build that starts in production mode: see docs/security.md.
include("../manifest.py", production=True)
