"""One cache of compiled statements for all databases of a kind, for tests that open many.

SQLAlchemy keeps the statements that it compiled for each engine. Every station of a test has an
engine of its own, and compiled all that it asks anew: a quarter of the time of its tests.
"""

from sqlalchemy import create_engine

_MOST = 5000  # some statements are of tables that are read from a database, and never come again


class _Kept(dict):
    """Takes the keys of SQLAlchemy, which begin with a dialect; what is kept is for its kind."""

    def get(self, key, default=None):
        return super().get(_of_a_kind(key), default)

    def __setitem__(self, key, compiled):
        if len(self) >= _MOST:
            self.clear()
        super().__setitem__(_of_a_kind(key), compiled)


def _of_a_kind(key):
    return key[0].name, *key[1:]


_kept = _Kept()


def engine(where, **options):
    """Do what `sqlalchemy.create_engine` does."""
    return create_engine(where, execution_options={"compiled_cache": _kept}, **options)
