"""Runs tests with one change in one module, in processes that are forked: see mutation_sample.py.

Two ways. `warm`: a child of a process that has collected every test takes the changed code into
its function. `cold`: a child of one that has loaded only what is not ours loads the rest anew.
"""

import importlib.machinery
import importlib.util
import inspect
import os
import resource
import select
import signal
import sys
import time
from multiprocessing import Pipe
from types import CodeType, FunctionType

import pytest

from campaigns.line_changes import changed
from campaigns.line_tracer import LineTracer
from campaigns.mutants import ROOT

#: Words in names of tests that are left out: of other bodies and databases, of minutes, with
#: processes of their own, or with a tracer where ours is.
LEFT_OUT = (
    "virtual", "postgresql", "rp2040", "test_key_storms", "test_scripted_day", "campaign",
    "test_ends", "test_deaths", "test_any_exception", "test_guessing", "process",
    "test_waiting_too_long", "test_readers_do_not_wait", "test_domain_is_pure",
)  # fmt: skip
_PRELOADED = (
    "hypothesis", "hypothesis.stateful", "hypothesis.strategies", "sqlalchemy", "sqlalchemy.orm",
    "sqlalchemy.dialects.sqlite", "alembic.command", "cryptography", "typer.testing", "rich.table",
    "segno", "textual.app", "littlefs", "freezegun", "serial", "psycopg",
    "multiprocessing.connection",
)  # fmt: skip
_STARTING_S = 20  # what a process may take beside its tests
_SLOWER = 6  # a change may make tests so much slower before they count as endless
_WAITING_S = 300  # a process that waits and works no more
_MEMORY = 4 << 30
_ENDLESS = "does not end"


def is_inside(change, text: str) -> bool:
    """Whether the change is in the body of a function, not outside, in a class or a signature."""
    return _code(compile(text, change.path, "exec"), change.function) is not None


class Runner:
    """Runs tests, given by their paths, for `processes` changes at a time. A context manager."""

    def __init__(self, tests, processes: int):
        for name in _PRELOADED:
            if importlib.util.find_spec(name.partition(".")[0]):
                importlib.import_module(name)
        links = [Pipe() for _ in range(processes)]
        self._links = [ours for ours, _theirs in links]
        self._warm = os.fork()
        if not self._warm:
            os.setpgid(0, 0)
            for ours in self._links:
                ours.close()
            _leave_silently(lambda: _Warm([theirs for _ours, theirs in links]).run(tests))
        for _ours, theirs in links:
            theirs.close()

    def reached(self) -> tuple:
        """Run every test once; return ({(path, line): names}, {name: seconds}, those that fail).

        What fails without a change is in neither of the first two. Exits the program, with
        words, if nothing is left.
        """
        lines, cost_s, failed = self._links[0].recv()
        if not cost_s:
            sys.exit("no test can be run: " + ", ".join(failed))
        return lines, cost_s, failed

    def failures(self, jobs):
        """Yield (number, the first test that fails, "" if none does) of `jobs`, as they end.

        A job is (change, names of tests, seconds that they take).
        """
        ours, theirs = Pipe(duplex=False)
        for first, link in enumerate(self._links):
            if not os.fork():
                ours.close()
                _leave_silently(lambda first=first, link=link: self._do(jobs, first, link, theirs))
        theirs.close()
        with ours:
            for _job in jobs:
                yield ours.recv()

    def _do(self, jobs, first, link, told):
        """Do every so many of `jobs`, from `first` on."""
        for number in range(first, len(jobs), len(self._links)):
            failed = self._failed(link, *jobs[number]) if jobs[number][1] else ""
            told.send((number, failed))

    def _failed(self, link, change, names, cost_s):
        link.send((change, names, cost_s))
        told = link.recv()
        return self._cold(change, names, cost_s) if told is None else told

    def _cold(self, change, names, cost_s):
        """Tests named for the module first: then the others need not be collected."""
        stem = os.path.basename(change.path).removesuffix(".py")
        near = [name for name in names if "test_" + stem in name]
        for some in (near, names):
            told = some and _child(
                lambda told, some=some: _load_and_run(change, some, told), cost_s
            )
            if told:
                return told
        return ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.killpg(self._warm, signal.SIGKILL)
        os.waitpid(self._warm, 0)


class _Warm:
    """The process that has collected every test. A plugin of pytest."""

    def __init__(self, links):
        self._links = links

    def run(self, tests):
        pytest.main([*_OPTIONS, *tests], plugins=[self])

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        items[:] = [item for item in items if not any(word in item.nodeid for word in LEFT_OUT)]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        if session.testsfailed:
            self._links[0].send(({}, {}, ["some that cannot be collected"]))
            return True
        items = {item.nodeid: item for item in session.items}
        self._links[0].send(_mapped(session.items, len(self._links)))
        others = [link for link in self._links[1:] if not os.fork()]
        link = others[0] if others else self._links[0]
        while True:
            try:
                change, names, cost_s = link.recv()
            except EOFError:
                return True
            link.send(self._answer(change, [items[name] for name in names], cost_s))

    @staticmethod
    def _answer(change, items, cost_s):
        """Return the first test that fails, "" for none; None if the change cannot be put in."""
        put = _put(change)
        return put and _child(lambda told: (put(), told(_first_failure(items))), cost_s)


class _Chosen:
    """Runs `names` in their order, in a process that loads the project anew. A plugin."""

    def __init__(self, names, told):
        self._names, self._told = names, told

    def pytest_runtestloop(self, session):
        if session.testsfailed:
            self._told("is not loaded")
            return True
        items = {item.nodeid: item for item in session.items}
        missing = [name for name in self._names if name not in items]
        self._told("not collected: " + missing[0] if missing else _first_failure(
            [items[name] for name in self._names]))  # fmt: skip
        return True


_OPTIONS = (
    "-q", "-s", "-p", "no:cacheprovider", "-p", "no:xdist",
    "-o", "addopts=--import-mode=importlib", "--continue-on-collection-errors",
    "-o", "python_files=test_*.py",
)  # fmt: skip


def _load_and_run(change, names, told):
    path = str(ROOT / change.path)
    real = importlib.machinery.SourceFileLoader.get_code

    def get_code(loader, name):
        if loader.path != path:
            return real(loader, name)
        return compile(changed(loader.get_data(path).decode(), change), path, "exec")

    importlib.machinery.SourceFileLoader.get_code = get_code
    files = sorted({name.partition("::")[0] for name in names})
    pytest.main([*_OPTIONS, *files], plugins=[_Chosen(names, told)])
    told("is not loaded")  # if nothing was told before


def _put(change):
    """Return what puts the changed code into its function, None if that cannot be done."""
    path = str(ROOT / change.path)
    modules = [
        module for module in list(sys.modules.values())
        if getattr(module, "__file__", None) == path
    ]  # fmt: skip
    with open(path, encoding="utf-8") as file:
        text = file.read()
    code = _code(compile(changed(text, change), path, "exec"), change.function)
    was = _code(compile(text, path, "exec"), change.function)
    functions = [_function(module, change.function) for module in modules]
    if not code or not functions or None in functions or code.co_freevars != was.co_freevars:
        return None
    if any(function.__code__.co_firstlineno != was.co_firstlineno for function in functions):
        return None

    def put():
        for function in functions:
            function.__code__ = code

    return put


def _code(code, name):
    """Return the code of the outermost function of `name`, "Class.function", or None."""
    for part in name.split(".") if name else ():
        inner = [each for each in code.co_consts if isinstance(each, CodeType)]
        found = [each for each in inner if each.co_name == part]
        if len(found) != 1:
            return None
        code = found[0]
        if code.co_flags & inspect.CO_OPTIMIZED:
            return code
    return None


def _function(module, name):
    """Return the outermost function of `name` in `module`, without its decorators, or None."""
    for part in name.split("."):
        module = vars(module).get(part)
        if isinstance(module, staticmethod | classmethod):
            module = module.__func__
        if isinstance(module, property):
            module = module.fget
        module = inspect.unwrap(module) if callable(module) else module
        if isinstance(module, FunctionType):
            return module
        if not isinstance(module, type):
            return None
    return None


def _mapped(items, processes):
    """Return what `_executed` does, of all `items`, by so many processes."""
    mappers = []
    for first in range(processes):
        ours, theirs = Pipe(duplex=False)
        if not os.fork():
            mine = items[first::processes]
            _leave_silently(lambda mine=mine, to=theirs: to.send(_executed(mine)))
        theirs.close()
        mappers.append(ours)
    lines, cost_s, failed = {}, {}, []
    for mapper in mappers:
        some, its_cost_s, its_failed = mapper.recv()
        for place, names in some.items():
            lines.setdefault(place, set()).update(names)
        cost_s.update(its_cost_s)
        failed += its_failed
        os.wait()
    return lines, cost_s, failed


def _executed(items):
    """Run `items`; return ({(path, line): names}, {name: seconds}, names of those that fail)."""
    lines, cost_s, failed = {}, {}, []
    for item, following in zip(items, [*items[1:], None]):
        tracer = LineTracer()
        began = time.process_time()
        sys.settrace(tracer.called)
        passed = _passes(item, following)
        sys.settrace(None)
        if not passed:
            failed.append(item.nodeid)
            continue
        cost_s[item.nodeid] = time.process_time() - began
        for path, line in tracer.found:
            lines.setdefault((path, line), set()).add(item.nodeid)
    return lines, cost_s, failed


class _Listener:
    """Hears of failures that a test itself does not tell, such as those of subtests."""

    failed = False

    def pytest_runtest_logreport(self, report):
        self.failed = self.failed or report.failed


def _passes(item, following):
    listener = _Listener()
    item.config.pluginmanager.register(listener)
    try:
        item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
    finally:
        item.config.pluginmanager.unregister(listener)
    return not listener.failed


def _first_failure(items):
    for item, following in zip(items, [*items[1:], None]):
        if not _passes(item, following):
            return item.nodeid
    return ""


def _child(work, cost_s):
    """Do `work`(told) in a child; return the first text it told, or what ended it instead."""
    ours, theirs = Pipe(duplex=False)
    limit_s = int(_STARTING_S + _SLOWER * cost_s)
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        _leave_silently(lambda: work(theirs.send))
    theirs.close()
    with ours:
        try:
            ready = select.select([ours], [], [], _WAITING_S + 4 * limit_s)[0]
            told = ours.recv() if ready else _ENDLESS
        except EOFError:
            told = _ENDLESS  # or it stopped the process: killed by its limit
        try:
            os.killpg(child, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(child, 0)
    return told


def _leave_silently(work):
    """Do `work` and end this process, whatever happens, without a word."""
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    try:
        work()
    finally:
        os._exit(0)
