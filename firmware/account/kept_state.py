"""The state of the meter: what is known now, and what of it is safe.

It is the only writer of the record store.
"""

from micropython import const
from ports.record_store import LOST, StoreFailed

from account import state as meter_state

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from ports.record_store import RecordStore

#: Consumption that a power cut may leave unaccounted for, at most, in Wh; the customer keeps it.
#: The checkpoint comes a little earlier, as one step may bring several pulses.
CHECKPOINT_MAX_WH = const(100)
_CHECKPOINT_WH = const(90)
_TRY_AGAIN_WH = const(10)  # after a checkpoint that failed; each try may take seconds


class KeptState:
    """The state in RAM, and its record on `store`, a RecordStore.

    A store that lost its records, or holds some of a firmware that this one does not
    know, makes a state without number, key and credit: `store_lost`. Nothing is written
    then, so that the right firmware finds all as it was, until the meter is provisioned again.

    state: the MeterState of now. steps: the tariff of a meter that keeps money, see
    account.tariff, () for one that counts energy; the application sets it from the settings.
    failing: the store did not take the last commit.
    """

    def __init__(self, store: "RecordStore"):
        record = store.load()
        self._store = store
        self.steps = ()
        self.store_lost = store.health == LOST
        self.failing = False
        self.state = meter_state.factory()
        if record:
            try:
                self.state = meter_state.from_bytes(record)
            except ValueError:
                self.store_lost = True
        self._saved_wh = self._try_wh = self.state.register.total_wh

    @property
    def provisioned(self) -> bool:
        """Whether the meter has a number and a key."""
        return self.state.identity.drn != ""

    @property
    def lost(self) -> bool:
        """Whether the meter lost its state, or the tariff that its money depends on."""
        return self.store_lost or (self.provisioned and self.state.in_currency != bool(self.steps))

    @property
    def unsafe(self) -> bool:
        """Whether more was used than a power cut may take back: the store does not take it."""
        return self._unsaved_wh >= CHECKPOINT_MAX_WH

    @property
    def _unsaved_wh(self):
        return self.state.register.total_wh - self._saved_wh

    def forget(self):
        """Begin again as a meter in factory state."""
        self.state = meter_state.factory()
        self._saved_wh = self._try_wh = 0

    def distrust(self):
        """Count as `unsafe` until the store takes something."""
        self._saved_wh -= CHECKPOINT_MAX_WH

    def count(self, register):
        """Make `register` that of the state. Commits at each 0.1 kWh at most."""
        self.state = meter_state.changed(self.state, register=register)
        if self._unsaved_wh >= _CHECKPOINT_WH and register.total_wh >= self._try_wh:
            self.checkpoint()

    def checkpoint(self):
        """Make the consumption counted so far safe. One commit, if there is any to save."""
        if self.provisioned and (self.failing or self._unsaved_wh):
            self.try_commit(self.state)

    def try_commit(self, state) -> bool:
        """Commit what holds in any case; return whether it is safe, else it is in RAM only."""
        try:
            self.commit(state)
        except StoreFailed:
            self.state = state
            self._try_wh = state.register.total_wh + _TRY_AGAIN_WH
            return False
        return True

    def commit(self, state):
        """Make `state` the record, and then the state. Raises StoreFailed; the old one stands."""
        self.failing = True
        try:
            self._store.commit(meter_state.to_bytes(state))
        except OSError:
            raise StoreFailed from None
        self.failing = False
        self.state = state
        self._saved_wh = state.register.total_wh
