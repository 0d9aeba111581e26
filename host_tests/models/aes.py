"""AES-128 for tests: one block, encryption only, slow and plain. Both interpreters run it.

Source: FIPS 197.
"""


def _times2(value):
    return value << 1 ^ (0x11B if value & 0x80 else 0)


def _sbox():
    """Return the substitution box, computed: inverses in GF(2^8), then the affine map."""
    power, log, value = [0] * 256, [0] * 256, 1
    for exponent in range(255):
        power[exponent], log[value] = value, exponent
        value ^= _times2(value)  # times 3
    box = []
    for octet in range(256):
        inverse = power[(255 - log[octet]) % 255] if octet else 0
        mixed = inverse ^ 0x63
        for turn in range(1, 5):
            mixed ^= (inverse << turn | inverse >> 8 - turn) & 0xFF
        box.append(mixed)
    return bytes(box)


_SBOX = _sbox()


def encryptor(key):
    """Return a function: 16 octets -> 16 octets under `key`, 16 octets."""
    schedule = _schedule(key)

    def encrypt(block):
        state = [a ^ b for a, b in zip(block, schedule[0])]
        for turn in range(1, 11):
            state = [_SBOX[state[(at + 4 * (at % 4)) % 16]] for at in range(16)]
            if turn < 10:
                state = _mixed(state)
            state = [a ^ b for a, b in zip(state, schedule[turn])]
        return bytes(state)

    return encrypt


def _mixed(state):
    out = []
    for column in range(0, 16, 4):
        a = state[column : column + 4]
        every = a[0] ^ a[1] ^ a[2] ^ a[3]
        out += [a[i] ^ every ^ _times2(a[i] ^ a[(i + 1) % 4]) for i in range(4)]
    return out


def _schedule(key):
    words = [bytes(key[at : at + 4]) for at in range(0, 16, 4)]
    constant = 1
    for at in range(4, 44):
        word = words[at - 1]
        if at % 4 == 0:
            word = bytes([_SBOX[octet] for octet in word[1:] + word[:1]])
            word = bytes([word[0] ^ constant]) + word[1:]
            constant = _times2(constant)
        words.append(bytes([a ^ b for a, b in zip(words[at - 4], word)]))
    return [b"".join(words[at : at + 4]) for at in range(0, 44, 4)]
