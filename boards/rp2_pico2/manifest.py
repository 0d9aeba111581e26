include("../common/rp2_frozen/manifest.py")
module("board.py")
