"""Faults that a tired engineer could plant, and the tests that must catch each.

A mutation replaces one text in one file. It is a change of meaning that somebody could take for
an improvement, and what it costs is a kWh, a token that counts twice or a free guess; so it
is chosen by hand, where a tool that mutates operators at random (mutmut and its like) makes
thousands of changes that mean nothing. mutants.py runs them.
"""

from collections import namedtuple

#: breaks: the promise that no longer holds. path: of the file. old: what stands there, once.
#: new: instead. tests: pytest's names of those that must fail, with an assertion.
Mutation = namedtuple("Mutation", ("name", "breaks", "path", "old", "new", "tests"))

_METER = "firmware/account/meter.py"
_KEPT = "firmware/account/kept_state.py"
_SECTIONS = "firmware/account/key_sections.py"
_SLOTS = "firmware/store/slot_store.py"
_RULES = "firmware/account/acceptance.py"
_REGISTER = "firmware/account/register.py"
_PIO = "firmware/drivers/rp2_pulse_counter.py"

_UNIT = "host_tests/unit/"
_METER_TEST = _UNIT + "test_meter.py::MeterTest::"
_KEY_TEST = _UNIT + "test_meter_key_change.py::MeterKeyChangeTest::"
_RULES_TEST = _UNIT + "test_acceptance.py::AcceptanceTest::"
_SLOTS_TEST = _UNIT + "test_slot_store.py::SlotStoreTest::"
_PULSES_TEST = "host_tests/boards/test_pulse_campaign.py::"
_LOCKOUT_TEST = "host_tests/scenario/test_lockout.py::"
_EVERY_CUT = (
    "host_tests/powercut/test_every_action.py"
    "::test_cut_at_any_operation_leaves_all_or_nothing[nor2]"
)
_TOKEN_CUT = (
    "host_tests/powercut/test_token_credited_exactly_once.py::PowerCutTest"
    "::test_cut_at_any_operation_neither_loses_nor_doubles_a_token"
)
_COUNT_FAILURE = (
    "        self.kept.commit("
    "meter_state.changed(self.state, failures=lockout.counted(before, by)))\n"
)
_COMMIT = (
    "        self.failing = True\n"
    "        try:\n"
    "            self._store.commit(meter_state.to_bytes(state))\n"
    "        except OSError:\n"
    "            raise StoreFailed from None\n"
    "        self.failing = False\n"
)
_NEW_STATE = "        self.state = state\n"
_DECODE = "        decoded = self.reader.decode(token)\n"

MUTATIONS = (
    Mutation(
        "commit in two writes",
        "a cut between them credits a token that is not yet used",
        _METER,
        "        self.kept.commit(\n            meter_state.changed(\n                after,\n",
        "        self.kept.commit(meter_state.changed(after, tids=self.state.tids))\n"
        "        self.kept.commit(\n            meter_state.changed(\n                after,\n",
        (_TOKEN_CUT, _EVERY_CUT),
    ),
    Mutation(
        "valid mark first",
        "a page that a cut left half written counts as committed",
        _SLOTS,
        "            medium.write(slot, data)\n",
        "            if not medium.whole:\n"
        "                medium.append(slot, medium.size - 1, _MARK)\n"
        "            medium.write(slot, data)\n",
        (_EVERY_CUT,),
    ),
    Mutation(
        "CRC of a record unchecked",
        "a spoiled record is believed",
        _SLOTS,
        'struct.unpack_from("<I", data, end)[0] != crc32(\n            data[:end]\n        ):',
        "False:",
        (
            _SLOTS_TEST + "test_any_flipped_bit_of_the_newest_is_found_and_the_one_before_stands",
            "host_tests/powercut/test_spoiled_store.py"
            "::test_every_flipped_bit_of_the_newest_record_is_found_logged_and_shown[nor2]",
        ),
    ),
    Mutation(
        "CRC of a token unchecked",
        "any number is a token",
        "firmware/sts/decoder.py",
        "    if crc.field(class_, block, kinds.is_currency(class_, subclass)) != stored:",
        "    if False:",
        (
            _UNIT + "test_decoder.py::DecoderTest::test_nothing_comes_out_of_a_wrong_checksum",
            _METER_TEST + "test_three_wrong_tokens_lock_and_time_unlocks",
            _UNIT + "test_guessing.py::test_random_tokens_are_accepted_as_often_as_the_model_says",
        ),
    ),
    Mutation(
        "lock-out counted after decrypting",
        "whoever cuts the power in time guesses for nothing",
        _METER,
        _COUNT_FAILURE + _DECODE,
        _DECODE + _COUNT_FAILURE,
        (_METER_TEST + "test_failure_is_stored_before_the_token_is_decrypted",),
    ),
    Mutation(
        "count by software interrupt",
        "pulses during a flash erase are lost",
        "boards/common/rp2_meter.py",
        "        from drivers.rp2_pulse_counter import Rp2PulseCounter\n\n"
        '        return Rp2PulseCounter(0, self.input("pulse_in"))\n',
        "        from drivers.irq_pulse_counter import IrqPulseCounter\n\n"
        '        return IrqPulseCounter(self.input("pulse_in"))\n',
        (_PULSES_TEST + "test_pulses_in_small[RP2040: PIO]",),
    ),
    Mutation(
        "TID not stored",
        "a token counts as often as it is entered",
        _RULES,
        'return changed(after, tids=tid.remember(state.tids, token.fields["tid"])), result, added',
        "return after, result, added",
        (
            _METER_TEST + "test_token_counts_once_also_after_a_restart",
            _RULES_TEST + "test_credit_is_added_and_its_tid_remembered",
            _TOKEN_CUT,
        ),
    ),
    Mutation(
        "credit added before the TID is checked",
        "a token that is refused counts",
        _RULES,
        "    if refused:\n        return state, refused, 0\n    after, result,",
        "    if refused:\n        return rule(state, token.fields, meter)[0], refused, 0\n"
        "    after, result,",
        (
            _METER_TEST + "test_token_counts_once_also_after_a_restart",
            _RULES_TEST + "test_token_before_manufacture_is_old",
        ),
    ),
    Mutation(
        "old tokens taken",
        "a token that was forgotten counts again",
        "firmware/sts/tid.py",
        "    if tids and tid < tids[0]:\n        return results.OLD\n",
        "",
        (
            _UNIT + "test_tid.py::TidTest::test_what_was_forgotten_is_old_and_never_new_again",
            _RULES_TEST + "test_token_before_manufacture_is_old",
        ),
    ),
    Mutation(
        "KEN ignored",
        "tokens count after their key has expired",
        _RULES,
        "    if state.key.kt != DITK and tid.expired(token_tid, state.key.ken):",
        "    if False:",
        (
            _RULES_TEST + "test_key_expiry_compares_the_high_byte",
            _KEY_TEST + "test_key_change_works_under_an_expired_key",
        ),
    ),
    Mutation(
        "key change half applied",
        "a cut between two sections leaves a key that nobody has",
        _SECTIONS,
        "            return meter_state.changed(state, key_change=True), outcome\n",
        '            octets = fields["nkho"].to_bytes(4, "big") if section == 1 else b""\n'
        "            octets += state.key.decoder_key.octets[len(octets) :]\n"
        "            key = type(state.key)(type(state.key.decoder_key)(octets), *state.key[1:])\n"
        "            return meter_state.changed(state, key_change=True, key=key), outcome\n",
        (_KEY_TEST + "test_power_cut_drops_an_incomplete_set_and_says_so_once", _EVERY_CUT),
    ),
    Mutation(
        "roll-over keeps the TIDs",
        "after a roll-over every new token is old",
        _SECTIONS,
        'tid.filled(0) if sections[1]["ro"] else state.tids',
        "state.tids",
        (_KEY_TEST + "test_roll_over_clears_the_tid_memory",),
    ),
    Mutation(
        "saturating count of failures removed",
        "the 256th wrong token cannot be stored",
        "firmware/account/lockout.py",
        "min(failures[carrier] + 1, FAILURES_MAX)",
        "failures[carrier] + 1",
        (
            _UNIT
            + "test_lockout.py::LockoutTest"
            + "::test_one_more_counts_for_its_carrier_alone_and_stays_in_a_byte",
        ),
    ),
    Mutation(
        "credit not held to its limit",
        "a register that overflows",
        _REGISTER,
        "    return None if abs(credit) > credit_max else with_credit(register, credit)",
        "    return with_credit(register, credit)",
        (_RULES_TEST + "test_overflowing_credit_is_refused_and_works_later",),
    ),
    Mutation(
        "lock-out not asked",
        "guesses without end",
        _METER,
        "        if self.lockout_ms(now_ms, by):\n",
        "        if False:\n",
        (
            _METER_TEST + "test_three_wrong_tokens_lock_and_time_unlocks",
            _LOCKOUT_TEST + "test_wrong_tokens_lock_their_own_carrier_and_no_other[emulated-port]",
        ),
    ),
    Mutation(
        "wait forgotten by a restart",
        "whoever cuts the power need not wait",
        _METER,
        "            self._begin_wait(each, now_ms)\n        return dropped\n",
        "            pass\n        return dropped\n",
        (
            _METER_TEST + "test_lock_out_begins_again_after_a_restart",
            _LOCKOUT_TEST
            + "test_waits_double_and_the_wait_after_a_power_cut_is_the_whole_one[emulated-port]",
        ),
    ),
    Mutation(
        "failures cleared by a used token",
        "an old token in the hand of a guesser buys three tries at a time",
        _METER,
        "lockout.cleared(before, by) if outcome.result == results.ACCEPT else before\n",
        "lockout.cleared(before, by)\n",
        (
            _METER_TEST + "test_used_token_neither_counts_as_a_failure_nor_clears_them",
            _LOCKOUT_TEST
            + "test_a_valid_token_clears_the_count_and_a_used_one_does_not[emulated-port]",
        ),
    ),
    Mutation(
        "lost store taken for a new one",
        "a meter whose store was spoiled lets itself be provisioned like a new one",
        _SLOTS,
        "        elif lost_seq:\n",
        "        elif False:\n",
        (
            _SLOTS_TEST + "test_all_lost_is_told_from_never_used",
            "host_tests/powercut/test_spoiled_store.py"
            "::test_meter_that_lost_its_store_opens_says_so_and_takes_no_token[nor2]",
        ),
    ),
    Mutation(
        "newest record not spared",
        "a slot is written beside the newest record, which a torn page disturbs",
        "firmware/store/nor_slots.py",
        "            return False\n        return self._begins_sector",
        "            pass\n        return self._begins_sector",
        (
            "host_tests/powercut/test_every_action.py::test_two_cuts_while_a_token_is_entered[nor2]",
            _SLOTS_TEST + "test_store_worn_out_refuses_and_keeps_the_last_record",
        ),
    ),
    Mutation(
        "newest record not spared by an early erase",
        "the sector of the newest record is erased for a later one",
        "firmware/store/nor_slots.py",
        "            if self.waits(each) and self.ready(each, newest):\n",
        "            if self.waits(each):\n",
        (
            "host_tests/contract/test_slot_medium.py::SlotMediumContract::test_bare_flash_keeps_the_contract",
        ),
    ),
    Mutation(
        "record before the newest not spared by an early erase",
        "on two sectors one of the two newest records is erased while the meter rests",
        "firmware/store/nor_slots.py",
        "_AHEAD if self.slots > 2 * self._pages_per_sector else 0",
        "_AHEAD",
        (_SLOTS_TEST + "test_two_records_stand_after_each_rest_whichever_of_them_is_spoiled",),
    ),
    Mutation(
        "mark not read back",
        "a worn page counts as written",
        _SLOTS,
        "            if not medium.read(slot).startswith(data):\n                return False\n",
        "",
        (_SLOTS_TEST + "test_store_worn_out_refuses_and_keeps_the_last_record",),
    ),
    Mutation(
        "Accept said before the commit",
        "the display says Accept, and the store refused",
        _KEPT,
        _COMMIT + _NEW_STATE,
        _NEW_STATE + _COMMIT,
        (_METER_TEST + "test_store_that_fails_once_the_try_is_counted_takes_nothing",),
    ),
    Mutation(
        "checkpoints too rare",
        "a cut gives away more than 0.1 kWh",
        _KEPT,
        "_CHECKPOINT_WH = const(90)",
        "_CHECKPOINT_WH = const(190)",
        (
            _METER_TEST + "test_at_most_a_tenth_of_a_kwh_is_lost_in_a_cut",
            "host_tests/powercut/test_energy_at_a_cut.py"
            "::test_a_cut_gives_the_customer_a_tenth_of_a_kwh_at_most[1000-nor2]",
        ),
    ),
    Mutation(
        "remainder of a pulse dropped",
        "what is below one Wh is never billed",
        _REGISTER,
        "total_wh + wh, remainder, 0, 0, 0)",
        "total_wh + wh, 0, 0, 0, 0)",
        (
            _UNIT + "test_register.py::RegisterTest"
            "::test_remainder_is_kept_exactly_however_pulses_are_grouped",
            _PULSES_TEST + "test_pulses_in_small[RP2040: PIO]",
        ),
    ),
    Mutation(
        "debounce of 5 ms",
        "pulses of 10 ms that bounce for 5 are lost",
        _PIO,
        '    set(x, 14)\n    label("falling")\n',
        '    set(x, 20)\n    label("falling")\n',
        (_PULSES_TEST + "test_pulses_in_small[RP2040: PIO]",),
    ),
    Mutation(
        "wrap of the pulse count not allowed for",
        "once in 2**30 pulses the meter goes back by that many",
        _PIO,
        "        new = (self._seen - now) & _COUNT_MASK\n",
        "        new = self._seen - now\n",
        (_PULSES_TEST + "test_count_of_pio_wraps_without_a_trace",),
    ),
    Mutation(
        "missing samples not noticed",
        "an ESP32 loses the pulses of a flash erase",
        "firmware/drivers/esp32_pulse_counter.py",
        "        missed = time.ticks_diff(now_ms, self._sampled_ms) > _GAP_MS\n",
        "        missed = False\n",
        (_PULSES_TEST + "test_pulses_in_small[ESP32: PCNT, clean line]",),
    ),
    Mutation(
        "clock's wrap not allowed for",
        "a pulse after days without one is lost",
        "firmware/drivers/irq_pulse_counter.py",
        "        if 0 <= since_ms < _HIDDEN_MS:\n",
        "        if since_ms < _HIDDEN_MS:\n",
        (_PULSES_TEST + "test_a_pulse_after_days_without_one_counts",),
    ),
    Mutation(
        "watchdog fed before the parts had their turn",
        "a meter of which a part hangs goes on supplying for longer",
        "firmware/meter/rounds.py",
        "            self._pass_through(turn, now_ms)\n",
        "            self._supervisor.round_ended(now_ms)\n"
        "            self._pass_through(turn, now_ms)\n",
        (
            _UNIT + "test_supervisor.py::SupervisorTest::"
            "test_a_part_that_never_comes_back_starves_the_watchdog",
        ),
    ),
    Mutation(
        "switch left closed at a fault",
        "a broken meter supplies",
        "firmware/meter/stopping.py",
        "            self._open_switch, self._save_state,",
        "            self._save_state,",
        ("host_tests/scenario/test_faults.py::test_a_fault_moves_the_contact_itself",),
    ),
)
