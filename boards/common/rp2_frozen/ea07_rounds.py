"""The sixteen rounds of EA07 in machine code, for frozen builds; 14 ms a token less on an RP2040.

`sts.ea07_sta.Sta` asks for this module, and has the plain rounds, the reference, for every body
that lacks it. `viper` is MicroPython's compiler to machine code, for a part of Python: integers
of 32 bits, and `ptr8` and `ptr16`, memory read as bytes and as 16-bit words. It checks no bounds:
only `Sta`, which makes what it is given, may call it. *Why only here:* mpy-cross compiles it for
one processor at a time, and MicroPython as WebAssembly not at all.

Decides nothing. Imports `micropython`.
Source: IEC 62055-41, decryption algorithm 07.
"""

import micropython


@micropython.viper
def decrypt(words: ptr16, moves: ptr16, boxes: ptr8, key: ptr16):
    """Decrypt in place the block in `words`, four 16-bit words, the least significant first.

    moves, boxes: 1024 words and 32 bytes, as `ea07_sta` compiles them. key: four words.
    """
    for turn in range(16):
        w0 = 0
        w1 = 0
        w2 = 0
        w3 = 0
        row = 0
        for at in range(4):
            word = int(words[at])
            for _ in range(4):
                entry = row + ((word & 15) << 2)
                w0 |= int(moves[entry])
                w1 |= int(moves[entry + 1])
                w2 |= int(moves[entry + 2])
                w3 |= int(moves[entry + 3])
                word >>= 4
                row += 64
        words[0] = w0
        words[1] = w1
        words[2] = w2
        words[3] = w3
        carried = (1 << turn) - 1
        for at in range(4):
            choice = int(key[at]) >> turn | (int(key[at + 1 & 3]) & carried) << 16 - turn
            word = int(words[at])
            words[at] = (
                int(boxes[(choice & 1) << 4 | word & 15])
                | int(boxes[choice & 16 | word >> 4 & 15]) << 4
                | int(boxes[choice >> 4 & 16 | word >> 8 & 15]) << 8
                | int(boxes[choice >> 8 & 16 | word >> 12]) << 12
            )
