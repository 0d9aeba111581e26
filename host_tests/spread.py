"""How the tests are spread over the workers of pytest-xdist.

Each test goes to whichever worker is free. What takes long begins first, so that no worker is
left alone with it at the end; a file that is named here goes to one worker as a whole, because
its tests share something that takes long to make.

*Why not marks of xdist*: xdist 3.8 writes them into an attribute that pytest 9.2 no longer has,
and spreads the tests of a group without a word.
"""

from xdist.scheduler import LoadScopeScheduling

#: The longest first; those that wait stand among those that compute, so that no core is idle.
#: A file is one piece of work; of "file::" and what follows, each test is one.
FIRST = (
    "host_tests/tools/test_acceptance_table.py",
    "host_tests/scenario/test_key_storms.py::",
    "host_tests/browser/test_page.py",
    "host_tests/vending/test_deaths.py::"
    "test_command_that_fails_or_dies_around_its_commit_agrees_with_the_books",
    "host_tests/powercut/test_every_action.py::",
    "host_tests/tools/test_bench_document.py::",
    "host_tests/vending/test_broken_log.py::",
    "host_tests/browser/test_shop.py",
    "host_tests/vending/test_backup.py::",
    "host_tests/virtual/test_mosquitto.py::",
    "host_tests/vending/test_ami.py::",
    "host_tests/tools/test_production.py",
    "host_tests/fleet/test_demo.py::",
    "host_tests/fleet/test_fleet.py::",
    "host_tests/scenario/test_scripted_day.py",
    "host_tests/test_on_micropython.py::",
    "host_tests/boards/test_two_boards.py",
    "host_tests/tools/test_board.py",
    "host_tests/virtual/test_one_writer.py",
    "host_tests/tools/test_mutation_sample.py::",
    "host_tests/tools/test_demo.py",
    "host_tests/virtual/test_pty_board.py",
    "host_tests/virtual/test_input_buffer.py",
    "host_tests/boards/test_packages.py::",
    "host_tests/virtual/test_same_answers.py::",
    "host_tests/vending/test_campaign.py::",
    "host_tests/vending/test_pos_schema.py::",
    "host_tests/vending/test_shop_schema.py::",
    "host_tests/vending/test_cli_vend.py::test_processes_at_one_database_take_turns",
    "host_tests/boards/test_new_board.py",
    "host_tests/tools/test_dlms_command.py",
    "host_tests/tools/test_errors_document.py",
    "host_tests/browser/test_browsing.py",
)


def place(nodeid: str) -> int:
    """Return the place of a test in the order in which the work begins."""
    for at, first in enumerate(FIRST):
        if nodeid.startswith(first):
            return at
    return len(FIRST)


def piece(nodeid: str) -> str:
    """Return the name of the piece of work that a test belongs to."""
    file = nodeid.partition("::")[0]
    return file if file in FIRST else nodeid


class Spread(LoadScopeScheduling):
    """Gives each worker one piece of work after the other, in the order of the collection."""

    def __init__(self, config, log=None):
        super().__init__(config, log)
        config.option.loadscopereorder = False
        self._indexes = {}

    def schedule(self):
        """As in LoadScopeScheduling, which gives a worker that takes another's place one test.

        A worker begins a test only when it knows the next, or that there is none.
        """
        super().schedule()
        for node in self.nodes:
            self._reschedule(node)

    def remove_node(self, node):
        """As in LoadScopeScheduling, which gives what ended a worker to the next, and so on."""
        work = self.assigned_work.pop(node)
        left = [nodeid for tests in work.values() for nodeid, done in tests.items() if not done]
        if not left:
            return None
        work[piece(left[0])][left[0]] = True
        self.workqueue.update(
            {name: tests for name, tests in work.items() if not all(tests.values())}
        )
        for other in self.assigned_work:
            self._reschedule(other)
        return left[0]

    def _assign_work_unit(self, node):
        """As in LoadScopeScheduling, which looks through thousands of tests for each."""
        name, work = self.workqueue.popitem(last=False)
        self.assigned_work.setdefault(node, {})[name] = work
        if not self._indexes:  # all workers have collected the same, in the same order
            collected = self.registered_collections[node]
            self._indexes = {nodeid: index for index, nodeid in enumerate(collected)}
        to_do = [nodeid for nodeid, done in work.items() if not done]
        node.send_runtest_some([self._indexes[nodeid] for nodeid in to_do])

    def _split_scope(self, nodeid):
        return piece(nodeid)

    def mark_test_complete(self, node, item_index, duration=0):
        """As in LoadScopeScheduling, which keeps what is done and counts it at each test."""
        nodeid = self.registered_collections[node][item_index]
        name = piece(nodeid)
        work = self.assigned_work[node]
        work[name][nodeid] = True
        if all(work[name].values()):
            del work[name]
        self._reschedule(node)
