"""Workers of a run of tests that are forked once the tests are found, so that finding and loading them is done once.

``python -m pytest -p tests.support.forked_workers --forked-workers 4``. Each worker takes a few tests at a time, those
of a file together; long ones are taken first. One that dies fails the test that it was at, and another one goes on.
"""

import atexit
import os
import random
import signal
import sys
import warnings
from collections import deque
from dataclasses import dataclass, field
from itertools import count
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import pytest

from tests.support.long_first import in_parts

ENDS_WITHIN_S = 20.0
"""For how long a worker may clean up after a run that was broken off."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """How many."""
    parser.addoption("--forked-workers", type=int, default=0, metavar="N", help="run the tests in N forked processes")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """In place of pytest's own, if workers are wanted."""
    config = session.config
    workers = config.getoption("--forked-workers")
    if workers < 2 or config.option.collectonly or len(session.items) < 2:
        return None
    if session.testsfailed and not config.option.continue_on_collection_errors:
        raise session.Interrupted(f"{session.testsfailed} errors during collection")
    _Run(session).with_workers(workers)
    return True


@dataclass(eq=False)
class _Worker:
    """A process, and the tests that it has and has not finished."""

    pid: int
    line: Connection
    has: deque[int] = field(default_factory=deque)
    has_all: bool = False


class _Run:
    """Hands the tests out, and on what workers report."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session
        self._hook = session.config.hook
        self._workers: list[_Worker] = []
        self._folder = _folders_of(session).getbasetemp()  # once for all: it shuts the folder above to others
        self._numbers = count()
        self._parts = deque(in_parts(range(len(session.items)), self._name_of, lambda n: session.items[n].path))

    def _name_of(self, number: int) -> str:
        return self._session.items[number].nodeid

    def with_workers(self, wanted: int) -> None:
        try:
            for _ in range(wanted):
                self._start()
            while self._workers:
                for line in wait([worker.line for worker in self._workers]):
                    self._hear(next(worker for worker in self._workers if worker.line is line))
        finally:
            for worker in self._workers:
                _end(worker)
        if self._session.shouldfail:
            raise self._session.Failed(self._session.shouldfail)
        if self._session.shouldstop:
            raise self._session.Interrupted(self._session.shouldstop)

    def _start(self) -> None:
        number = next(self._numbers)
        ours, theirs = Pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            ours.close()
            for other in self._workers:
                other.line.close()
            _work(self._session, theirs, self._folder / f"worker-{number}")
        theirs.close()
        worker = _Worker(pid, ours)
        self._workers.append(worker)
        self._hand_out(worker)

    def _hand_out(self, worker: _Worker) -> None:
        """More before it is at its last, for what a test leaves to the next one depends on which that is."""
        is_over = self._session.shouldfail or self._session.shouldstop
        while len(worker.has) < 2 and self._parts and not is_over:
            part = self._parts.popleft()
            worker.has.extend(part)
            worker.line.send(part)
        if len(worker.has) < 2 and not worker.has_all:
            worker.has_all = True
            worker.line.send(None)

    def _hear(self, worker: _Worker) -> None:
        kind, data = _heard(worker.line)
        if kind == "ended":
            self._workers.remove(worker)
            self._mourn(worker, os.waitpid(worker.pid, 0)[1])
        elif kind == "report":
            report = self._hook.pytest_report_from_serializable(config=self._session.config, data=data)
            self._hook.pytest_runtest_logreport(report=report)
        elif kind == "warning":
            told, when, nodeid, location = data
            message = warnings.WarningMessage(*told)
            self._hook.pytest_warning_recorded.call_historic(
                kwargs={"warning_message": message, "when": when, "nodeid": nodeid, "location": location}
            )
        else:
            assert worker.has.popleft() == data
            item = self._session.items[data]
            self._hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
            try:
                self._hand_out(worker)
            except OSError:  # it has died; that is heard next
                worker.has_all = True

    def _mourn(self, worker: _Worker, status: int) -> None:
        """Of a worker that died, the test that it was at has failed, and another worker gets the rest."""
        if not worker.has:
            return
        number = worker.has.popleft()
        if worker.has:
            self._parts.appendleft(list(worker.has))
        item = self._session.items[number]
        how = f"the worker that ran {item.nodeid} ended with {os.waitstatus_to_exitcode(status)}"
        self._hook.pytest_runtest_logreport(
            report=pytest.TestReport(item.nodeid, item.location, {}, "failed", how, "call")
        )
        self._hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        if self._parts:
            self._start()


def _heard(line: Connection) -> Any:
    try:
        return line.recv()
    except (EOFError, ConnectionResetError):
        return "ended", None


def _end(worker: _Worker) -> None:
    worker.line.close()
    os.kill(worker.pid, signal.SIGTERM)
    waited = os.pidfd_open(worker.pid)
    try:
        if not wait([waited], ENDS_WITHIN_S):
            os.kill(worker.pid, signal.SIGKILL)
        os.waitpid(worker.pid, 0)
    finally:
        os.close(waited)


def _folders_of(session: pytest.Session) -> Any:
    return session.config._tmp_path_factory  # type: ignore[attr-defined]


class _Telling:
    """What a worker tells of its tests."""

    def __init__(self, config: pytest.Config, line: Connection) -> None:
        self._config = config
        self._line = line

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """How it went."""
        data = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        self._line.send(("report", data))

    def pytest_warning_recorded(self, warning_message: Any, when: str, nodeid: str, location: Any) -> None:
        """What was warned of."""
        told = (str(warning_message.message), UserWarning, warning_message.filename, warning_message.lineno)
        self._line.send(("warning", (told, when, nodeid, location)))


def _work(session: pytest.Session, line: Connection, folder: Path) -> None:
    """What a worker does, from its fork to its end."""
    config = session.config
    status = 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        random.seed()
        capture = config.pluginmanager.getplugin("capturemanager")
        if capture is not None:  # else all workers write what is captured into one file
            capture.stop_global_capturing()
            capture.start_global_capturing()
        config.pluginmanager.unregister(name="terminalreporter")
        folder.mkdir()
        _folders_of(session)._basetemp = folder
        config.pluginmanager.register(_Telling(config, line), "telling")
        _run_all(session, line)
        status = 0
    except (EOFError, OSError, KeyboardInterrupt, SystemExit):  # the run was broken off
        session._setupstate.teardown_exact(None)
    finally:
        atexit._run_exitfuncs()
        os._exit(status)


def _run_all(session: pytest.Session, line: Connection) -> None:
    todo: deque[int] = deque()
    has_all = False
    while True:
        while len(todo) < 2 and not has_all:
            part = line.recv()
            has_all = part is None
            todo.extend(part or ())
        if not todo:
            return
        number = todo.popleft()
        following = session.items[todo[0]] if todo else None
        item = session.items[number]
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        line.send(("finished", number))
