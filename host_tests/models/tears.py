"""What a power cut inside a flash operation leaves behind: models to hand to `FlashChip.arm_cut`.

Each writes the cells as they are after the cut. `seed` is the number of the operation, so a
case can be played again. `half`, the model of the service port, is in `flash_chip`.
"""

from flash_chip import PAGE, SECTOR, half

_LCG = 1103515245  # of the C standard's example: the same numbers on both interpreters


def complete(image, offset, _old, new, _seed):
    """All is done; the power goes before anything else."""
    image.write(offset, new)


def first_byte(image, offset, _old, new, _seed):
    """One byte is done: the shortest prefix."""
    image.write(offset, new[:1])


def all_but_the_last_byte(image, offset, _old, new, _seed):
    image.write(offset, new[:-1])


def some_bits(image, offset, old, new, seed):
    """A random half of the bits that change have changed; so an erase leaves a mixture."""
    image.write(offset, _mixed(old, new, seed * 7919 + 1))


def most_bits(image, offset, old, new, seed):
    """Three of four bits that change have changed."""
    once = _mixed(old, new, seed * 7919 + 2)
    image.write(offset, _mixed(once, new, seed * 7919 + 3))


def beside_it(image, offset, old, new, seed):
    """Half is done, and in the pages on both sides a random bit of sixteen is cleared."""
    half(image, offset, old, new, seed)
    if len(new) == SECTOR:
        return  # sectors do not disturb each other: their wells are apart
    page = offset - offset % PAGE
    for neighbour in (page - PAGE, page + PAGE):
        if neighbour // SECTOR == page // SECTOR and neighbour >= 0:
            cells = bytearray(image.read(neighbour, PAGE))
            state = (seed * 31 + neighbour) & 0x7FFFFFFF
            for at in range(PAGE):
                state = (state * _LCG + 12345) & 0x7FFFFFFF
                if state >> 16 & 1:
                    cells[at] &= ~(1 << (state >> 20 & 7))
            image.write(neighbour, bytes(cells))


def _mixed(old, new, seed):
    state, mixed = seed & 0x7FFFFFFF, bytearray(len(old))
    for at in range(len(old)):
        state = (state * _LCG + 12345) & 0x7FFFFFFF
        mask = state >> 16 & 0xFF
        mixed[at] = old[at] & mask | new[at] & ~mask & 0xFF
    return bytes(mixed)


#: Ways in which a cut can come that harm nothing but what was being written. None: not begun.
WITHIN = (None, first_byte, half, all_but_the_last_byte, some_bits, most_bits, complete)
ALL = WITHIN + (beside_it,)
