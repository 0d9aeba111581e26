"""GET and ACTION with LN referencing, and the transfer of what is long in blocks.

What is long is never whole in memory: an attribute may be a generator of encoded pieces, and each
block takes as many as fit. Pure: imports `dlms` modules and `const`, nothing else.
Source: IEC 62056-5-3, GET, SET and ACTION services.
"""

from micropython import const

from dlms import axdr

OK = const(0)
TEMPORARY = const(2)
DENIED = const(3)
UNDEFINED = const(4)
TYPE = const(12)
_NO_BLOCK = const(19)
_LIST_MAX = const(16)

_NOT_ALLOWED = b"\xd8\x01\x02"
_NOT_SUPPORTED = b"\xd8\x02\x02"
_ASSOCIATION = (15, b"\x00\x00\x28\x00\x00\xff")
_BLOCK_HEAD = const(16)  # of a response that carries a block


class Services:
    """Answers GET and ACTION of one association.

    objects: dlms.objects.Objects. prove: proof -> our proof or None, for HLS.
    """

    def __init__(self, objects, prove):
        self._objects, self._prove = objects, prove
        self.drop()

    def drop(self):
        """Forget a transfer and an action that were begun."""
        self._pieces, self._rest, self._block = None, b"", 0
        self._call, self._status = b"", known(DENIED)

    def answer(self, apdu, client, room: int):
        """Return the answer to a request, None while it is not known: then ask `later`.

        client: who asks, None while that is not proved: then only the proof is taken.
        room: octets that the answer may have. Raises ValueError for what can not be read.
        """
        what, form, call = axdr.octet(apdu, 0), axdr.octet(apdu, 1), axdr.part(apdu, 2, 1)
        if what == 0xC3 and form == 1:
            return self._action(apdu, call, client)
        if client is None:
            return _NOT_ALLOWED
        if what == 0xC0 and form == 2:
            return self._next(call, int.from_bytes(axdr.part(apdu, 3, 4), "big"), room)
        self.drop()
        if what == 0xC0 and form == 1:
            status, value, _ = self._get(apdu, 3, client)
            return self._got(call, status, value, room)
        if what == 0xC0 and form == 3:
            return self._get_list(apdu, call, client, room)
        if what == 0xC1:  # SET: nothing here is set from outside
            return b"\xc5\x01" + call + bytes((DENIED,))
        return _NOT_SUPPORTED

    # -- GET -----------------------------------------------------------------------------------

    def _get(self, apdu, at, client):
        """Return (status, pieces, place after the request)."""
        key, index, at = _reference(apdu, at)
        selection = None
        if axdr.octet(apdu, at):
            how = axdr.octet(apdu, at + 1)
            value, at = axdr.take(apdu, at + 2)
            selection = (how, value)
        else:
            at += 1
        status, value = self._objects.get(key, index, selection, client)
        return status, value, at

    def _got(self, call, status, value, room):
        if status != OK:
            return b"\xc4\x01" + call + bytes((1, status))
        if self._begin(iter((value,)) if isinstance(value, bytes) else value, room - 4):
            return b"\xc4\x01" + call + b"\x00" + self._rest
        return self._next(call, 0, room)

    def _get_list(self, apdu, call, client, room):
        count, at = axdr.take_length(apdu, 3)
        if count > _LIST_MAX:
            return _NOT_SUPPORTED
        found = []
        for _ in range(count):
            status, value, at = self._get(apdu, at, client)
            found.append((status, value))
        if self._begin(_listed(found), room - 3):
            return b"\xc4\x03" + call + self._rest
        return self._next(call, 0, room)

    def _begin(self, pieces, room):
        """Take the first of `pieces`; return whether they all fit into `room`, in `_rest`."""
        self._pieces, self._rest, self._block = pieces, b"", 0
        return self._fill(room)

    def _fill(self, room):
        """Take pieces until more than `room` octets wait; return whether all is taken."""
        while self._pieces is not None and len(self._rest) <= room:
            try:
                self._rest += next(self._pieces)
            except StopIteration:
                self._pieces = None
        return self._pieces is None and len(self._rest) <= room

    def _next(self, call, number, room):
        """Return the block after block `number`."""
        if number != self._block or (self._pieces is None and not self._rest):
            self.drop()
            return b"\xc4\x02" + call + b"\x01" + number.to_bytes(4, "big") + bytes((1, _NO_BLOCK))
        room -= _BLOCK_HEAD
        last = self._fill(room)
        part, self._rest = self._rest[:room], self._rest[room:]
        self._block += 1
        head = b"\xc4\x02" + call + (b"\x01" if last else b"\x00")
        head += self._block.to_bytes(4, "big") + b"\x00" + axdr.length(len(part))
        if last:
            self.drop()
        return head + part

    # -- ACTION --------------------------------------------------------------------------------

    def _action(self, apdu, call, client):
        key, index, at = _reference(apdu, 3)
        value = axdr.take(apdu, at + 1)[0] if axdr.octet(apdu, at) else None
        if key == _ASSOCIATION and index == 1 and client is None:
            proof = self._prove(value)
            if proof is None:
                return b"\xc7\x01" + call + bytes((DENIED, 0))
            return b"\xc7\x01" + call + b"\x00\x01\x00" + axdr.octets(proof)
        if client is None:
            return _NOT_ALLOWED
        self._call, self._status = call, self._objects.act(key, index, value, client)
        return self.later()

    def later(self):
        """Return the answer to the ACTION that was not known yet, None while it is not."""
        status = self._status()
        return None if status is None else b"\xc7\x01" + self._call + bytes((status, 0))


def known(status):
    """Return a function that returns `status`, as an action whose status is known."""
    return lambda: status


def _reference(apdu, at):
    """Return ((class, name), attribute or method, place after them)."""
    cls = int.from_bytes(axdr.part(apdu, at, 2), "big")
    name, index = axdr.part(apdu, at + 2, 6), axdr.octet(apdu, at + 8)
    return (cls, name), index - 256 if index > 127 else index, at + 9


def _listed(found):
    """Yield the results of a list, each with its status."""
    yield axdr.length(len(found))
    for status, value in found:
        if status != OK:
            yield bytes((1, status))
            continue
        yield b"\x00"
        if isinstance(value, bytes):
            yield value
        else:
            yield from value
