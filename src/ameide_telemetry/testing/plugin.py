"""The pytest plugin: `pytest` loads it by its entry point.

Importing it imports pytest and nothing else that is not of the standard library. OpenTelemetry comes in with
the first test that asks for `telemetry`, or with the code under test.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import pytest

from ameide_telemetry.testing.options import MODES, complain, options_of
from ameide_telemetry.testing.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Generator

    from ameide_telemetry.testing.capture import TelemetryCapture
    from ameide_telemetry.testing.process import Processes
    from ameide_telemetry.testing.summary import Totals
    from ameide_telemetry.testing.topology import Topologies

__all__ = ["telemetry", "telemetry_process", "telemetry_topology"]

_WATCH: Final = pytest.StashKey[Watch]()
_OUTPUT: Final = "ameide_telemetry"
_MARKER: Final = (
    'telemetry(allow=[codes], network="none"|"loopback", contract="fail"|"warn"|"off"): what the contract'
    " check of this test's log lines lets pass, and whether exporters may connect to this machine"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--telemetry-contract`."""
    group = parser.getgroup("telemetry", "log lines, spans and metrics")
    group.addoption(
        "--telemetry-contract",
        choices=MODES,
        default=None,
        help="what becomes of log lines that break the contract: the test fails, they are listed at the end,"
        " or nothing is checked (default: fail where the code under test called init_telemetry, else off)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Watch for the libraries that there is something to do about."""
    config.addinivalue_line("markers", _MARKER)
    watch = Watch(config.getoption("--telemetry-contract"), config)
    config.stash[_WATCH] = watch
    watch.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Watch no more."""
    if _WATCH in config.stash:
        config.stash[_WATCH].end()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Check the markers, and the rules for lines, before any test runs."""
    # An error in a worker of xdist would end the run without a word: there the test itself tells it.
    later = hasattr(config, "workerinput")
    for item in items:
        options_of(item, later=later)
    if not later:
        config.stash[_WATCH].collected(items)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test whose marker is malformed, where that was not said before."""
    complain(item)


# Inside of pytest's own filters of warnings and of the spans of other plugins: those are not the test's.
@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Give the test a sink of its own, its fixtures included, and restore what it leaves behind."""
    watch = item.config.stash[_WATCH]
    watch.started(item)
    try:
        return (yield)
    finally:
        watch.ended()


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: Any, request: pytest.FixtureRequest) -> Generator[None, object, object]:
    """Leave in force what a fixture does for more than one test, until it is finalised."""
    watch = request.config.stash[_WATCH]
    try:
        return (yield)
    finally:
        if fixturedef.scope != "function":
            watch.widened()
            # Finalisers run in reverse: what the last test has changed is gone before the fixture's own.
            fixturedef.addfinalizer(watch.narrowing)


def pytest_fixture_post_finalizer(fixturedef: Any, request: pytest.FixtureRequest) -> None:
    """Leave in force what such a fixture has restored."""
    if fixturedef.scope != "function":
        request.config.stash[_WATCH].narrowed()


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Take spans of plugins that trace tests out of the way of the code under test."""
    with item.config.stash[_WATCH].alone():
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell at teardown what is wrong with the lines of the test."""
    report = yield
    if call.when == "teardown":
        watch = item.config.stash[_WATCH]
        watch.judge(item, report)
        watch.judged()
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Give what was counted to the controller, or to JUnit where this process writes it."""
    totals = session.config.stash[_WATCH].finished()
    output = getattr(session.config, "workeroutput", None)
    if totals is not None and output is not None:
        output[_OUTPUT] = totals.plain()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add what a worker has counted."""
    found = getattr(node, "workeroutput", {}).get(_OUTPUT)
    if found is not None:
        node.config.stash[_WATCH].totals().add(found)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the table, and annotations for GitHub where that runs the tests."""
    totals: Totals | None = config.stash[_WATCH].finished()
    if not totals:
        return
    from ameide_telemetry.testing.summary import commands, table  # noqa: PLC0415 seldom needed

    terminalreporter.section("telemetry contract")
    for row in table(totals):
        terminalreporter.write_line(row)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for command in commands(totals, config.rootpath, os.environ.get("GITHUB_WORKSPACE", "")):
            terminalreporter.write_line(command)


@pytest.fixture
def telemetry(request: pytest.FixtureRequest) -> TelemetryCapture:
    """What this test emits: `.spans`, `.logs`, `.metrics`, `.snapshot()` and assertions about them."""
    return request.config.stash[_WATCH].capture()


@pytest.fixture
def telemetry_process(request: pytest.FixtureRequest) -> Generator[Processes]:
    """Start a real server as a process; every line that it writes is checked."""
    from ameide_telemetry.testing.process import Processes  # noqa: PLC0415 seldom needed

    processes = Processes(request.config.stash[_WATCH].sink, request.config.stash[_WATCH].rules)
    try:
        yield processes
    finally:
        processes.close()


@pytest.fixture
def telemetry_topology(telemetry: TelemetryCapture) -> Generator[Topologies]:
    """Join applications under names, such as `http://b/`, and assert what goes from one to the other."""
    from ameide_telemetry.testing.topology import Topologies  # noqa: PLC0415 seldom needed

    topologies = Topologies(telemetry)
    try:
        yield topologies
    finally:
        topologies.close()
