"""The emulated PIO keeps time, whoever looks at it, and refuses what it cannot do."""
# The names inside the programs are the assembler's.
# ruff: noqa: F821

import unittest

import chips
import rp2
from machine import Pin
from world import FLOATING, WORLD

_US = 1000  # nanoseconds


@rp2.asm_pio(set_init=rp2.PIO.OUT_HIGH)
def blink():
    wrap_target()
    pull()
    mov(x, osr)
    set(pins, 0)
    label("low")
    jmp(x_dec, "low")
    set(pins, 1)
    push(noblock)
    wrap()


@rp2.asm_pio(set_init=rp2.PIO.IN_LOW)
def follow():
    wrap_target()
    wait(0, pin, 0)
    set(pindirs, 1)
    wait(1, pin, 0)
    set(pindirs, 0)
    wrap()


class EmulatedPioTest(unittest.TestCase):
    def setUp(self):
        WORLD.start(chips.of("rp2_pico"))
        self.edges = []
        self.leader, self.follower = Pin(2, Pin.OUT, value=1), Pin(3, Pin.IN)
        for pin in (2, 3):
            WORLD.wire(pin).listeners.append(
                lambda number, output, time_ns: self.edges.append((time_ns, number, output))
            )

    def machine(self, number, program, **pins):
        made = rp2.StateMachine(number, program, freq=1_000_000, **pins)
        made.active(1)
        return made

    def test_pull_waits_for_put_and_the_delay_is_exact_however_often_one_looks(self):
        for step_us in (1, 7, 100, 5000):
            self.setUp()
            machine = self.machine(0, blink, set_base=self.leader)
            WORLD.advance_ns(350 * _US)
            self.assertEqual((self.edges, machine.tx_fifo()), ([], 0))
            machine.put(1000)
            began_ns = WORLD.now_ns
            while WORLD.now_ns < began_ns + 2000 * _US:
                WORLD.advance_ns(step_us * _US)
            self.assertEqual(
                self.edges, [(began_ns + 2 * _US, 2, 0), (began_ns + 1004 * _US, 2, 1)]
            )
            self.assertEqual((machine.rx_fifo(), machine.steps), (1, 1006))

    def test_machine_that_watches_anothers_pin_sees_each_edge_when_it_comes(self):
        for step_us in (3, 1000, 20_000):
            self.setUp()
            machine = self.machine(1, blink, set_base=self.leader)
            self.machine(4, follow, in_base=self.leader, set_base=self.follower)
            for delay in (50, 3000):
                machine.put(delay)
            while WORLD.now_ns < 20_000 * _US:
                WORLD.advance_ns(step_us * _US)
            led = [time_ns for time_ns, pin, _ in self.edges if pin == 2]
            followed = [(time_ns, output) for time_ns, pin, output in self.edges if pin == 3]
            self.assertEqual(len(led), 4)
            # It waits a cycle, and sets in the next.
            self.assertEqual([time_ns - _US for time_ns, _ in followed], led)
            self.assertEqual([output for _, output in followed], [0, FLOATING, 0, FLOATING])

    def test_machine_that_watches_one_of_a_higher_number_is_refused(self):
        self.machine(1, follow, in_base=self.leader, set_base=self.follower)
        with self.assertRaises(NotImplementedError):
            self.machine(4, blink, set_base=self.leader).put(5)
            WORLD.advance_ns(100 * _US)

    def test_what_would_wait_for_ever_is_refused(self):
        machine = rp2.StateMachine(0, blink, freq=1_000_000, set_base=self.leader)
        for value in range(4):
            machine.put(value)
        with self.assertRaises(RuntimeError):
            machine.put(4)
        machine.init(blink, freq=1_000_000, set_base=self.leader)
        self.assertEqual(machine.tx_fifo(), 0)


if __name__ == "__main__":
    unittest.main()
