"""COSEM objects: what a client may read and do, by class and name. Nothing can be set.

Pure: imports `dlms` modules, nothing else. Source: IEC 62056-6-2, interface classes.
"""

from dlms import axdr, services

ANYBODY = 16  # the public client's address; others are management
_READ, _NO = b"\x16\x01", b"\x16\x00"  # access rights, enums


class Object:
    """One object.

    attributes: {index: encoded value, or () -> that, or a generator of pieces of it}; one that can
    be read in part takes (selection), and `ranged` is its index. methods: {index: (value) -> a
    function that returns the services status, None while it is not known}. public: whether the
    public client may read it.
    """

    def __init__(self, cls, name, attributes, methods=None, version=0, public=False, ranged=0):
        self.cls, self.name, self.version = cls, octets(name), version
        self.attributes, self.methods = attributes, methods or {}
        self.public, self.ranged = public, ranged

    def read(self, index: int, selection):
        """Return attribute `index`, None if there is none."""
        if index == 1:
            return axdr.octets(self.name)
        attribute = self.attributes.get(index)
        if attribute is None or isinstance(attribute, bytes):
            return attribute
        return attribute(selection) if index == self.ranged else attribute()

    def listed(self, may_act: bool) -> bytes:
        """Return the entry of an object list: the object and who may do what with it."""
        rights = [
            axdr.structure(axdr.number(axdr.I8, index), _READ, axdr.NULL)
            for index in [1] + sorted(self.attributes)
        ]
        actions = [
            axdr.structure(axdr.number(axdr.I8, index), _READ if may_act else _NO)
            for index in sorted(self.methods)
        ]
        return axdr.structure(
            axdr.number(axdr.U16, self.cls),
            axdr.number(axdr.U8, self.version),
            axdr.octets(self.name),
            axdr.structure(axdr.array(rights), axdr.array(actions)),
        )


class Objects:
    """All objects of a meter, by (class, name)."""

    def __init__(self, listed):
        self._all = list(listed)
        self._by_key = {(each.cls, each.name): each for each in self._all}

    def add(self, one: Object):
        """Add an object."""
        self._all.append(one)
        self._by_key[one.cls, one.name] = one

    def get(self, key, index: int, selection, client: int):
        """Return (status, value): encoded bytes or a generator of pieces. key: (class, name)."""
        found = self._by_key.get(key)
        if found is None:
            return services.UNDEFINED, None
        if client == ANYBODY and not found.public:
            return services.DENIED, None
        try:
            value = found.read(index, selection)
        except (TypeError, IndexError, KeyError):
            return services.TYPE, None  # a selection of another form
        return (services.DENIED, None) if value is None else (services.OK, value)

    def act(self, key, index: int, value, client: int):
        """Do it; return a function that returns the status, None while it is not known."""
        found = self._by_key.get(key)
        if found is None:
            return services.known(services.UNDEFINED)
        method = found.methods.get(index)
        if method is None or client == ANYBODY:
            return services.known(services.DENIED)
        return method(value)

    def listing(self, client: int):
        """Yield the pieces of the object list that `client` sees."""
        seen = [each for each in self._all if client != ANYBODY or each.public]
        yield axdr.array_head(len(seen))
        for each in seen:
            yield each.listed(client != ANYBODY)


def octets(name: str) -> bytes:
    """Return a logical name, "1.0.1.8.0.255", as its 6 octets."""
    return bytes([int(part) for part in name.split(".")])
