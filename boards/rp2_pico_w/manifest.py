options.defaults(production=False)
include("../common/rp2_frozen/manifest.py", production=options.production)
module("board.py")
require("bundle-networking")
