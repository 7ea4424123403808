"""The steps of the project, each one session.

`python3 dev test` runs the default ones inside `.venv`, one after the other; plain `nox` gives each
session an environment of its own. Both install the same lock.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nox

nox.options.default_venv_backend = "uv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "typing", "architecture", "tests"]

INSIDE = "none"  # nox's name for "inside the environment that started it"
NEWER_PYTHONS = ("3.12", "3.13", "3.14")
# pytest stops what its tests started before it goes; nox's own 0.3 s would cut it short.
PATIENCE_SECONDS = 15
SOAK_SECONDS = 3600
# Plugins that stand beside ours in the environments of services, and how pytest is run with them.
BESIDE = {
    "pytest 8.0": (("pytest==8.0.*",), ()),
    "newest pytest": (("pytest",), ()),
    "pytest-xdist": (("pytest", "pytest-xdist"), ("-n2",)),
    "pytest-randomly": (("pytest", "pytest-randomly"), ()),
    "pytest-random-order": (("pytest", "pytest-random-order"), ("--random-order",)),
    "pytest-opentelemetry": (("pytest", "pytest-opentelemetry"), ()),
    "logfire": (("pytest", "logfire"), ()),
    "pytest-structlog": (("pytest", "pytest-structlog"), ()),
    "syrupy": (("pytest", "syrupy", "pytest-xdist", "pytest-random-order"), ("-n2",)),
    "inline-snapshot": (("pytest", "inline-snapshot", "pytest-xdist", "pytest-random-order"), ("-n2",)),
    "pytest 8.0, xdist, structlog": (("pytest==8.0.*", "pytest-xdist<3.7", "pytest-structlog"), ("-n2",)),
}
# Of those, the ones that keep what `telemetry.snapshot()` returns.
SNAPSHOTS = ("syrupy", "inline-snapshot")
# These are timed, many times repeated, or forked, interrupted and killed in the middle of anything; or they
# start processes and more processes, which a tracer slows by half and which see little that others do not.
WITHOUT_TRACER = (
    "tests/faults",
    "tests/services",
    "tests/export/test_quiet.py",
    "tests/lint/gate/test_every_cure.py",
    "tests/lint/gate/test_odd_formatting.py",
    "tests/lint/test_faults.py",
    "tests/lint/test_odd_trees.py",
    "tests/lint/test_total.py",
    "tests/lint/walk/test_walk_start.py",
    "tests/logcheck/test_damage.py",
    "tests/logcheck/test_engines.py",
    "tests/redaction/test_pairs_total.py",
    "tests/redaction/test_total.py",
    "tests/redaction/test_twice.py",
    "tests/redaction/test_values.py",
    "tests/reports/test_hostile.py",
    "tests/test_bootstrap_end.py",
    "tests/test_docs.py",
    "tests/test_examples.py",
    "tests/settings/test_linear.py",
    "tests/testing/test_isolation.py",
    "tests/testing/test_process_outside.py",
    "tests/testing/test_verdict.py",
)
# Whoever is free takes the next test: some wait for half a minute, others take none.
IN_PAIRS = ("--numprocesses=2", "--dist=worksteal")
# Many of them wait for a limit, a server or a signal: three at a time keep two cores busy.
IN_THREES = ("--numprocesses=3", "--dist=worksteal")


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff: the rules and the format."""
    install_lock(session)
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check")


@nox.session
def typing(session: nox.Session) -> None:
    """Mypy, strict, over the package, its tests and the typing-usage file."""
    install_lock(session)
    session.run("mypy", *session.posargs)


@nox.session
def architecture(session: nox.Session) -> None:
    """The direction of imports, and that every file has its place."""
    install_lock(session)
    session.run("lint-imports", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The code blocks of README.md and docs, each document in a process of its own."""
    install_lock(session)
    pytest(session, *(session.posargs or ["tests/test_docs.py"]))


@nox.session
def tests(session: nox.Session) -> None:
    """Unit and service tests, with the branch coverage of every process they start; the quick fault tests."""
    install_lock(session)
    if session.posargs:
        pytest(session, *session.posargs)
        return
    session.run("coverage", "erase")
    pytest(
        session,
        *("--numprocesses=3", "--dist=loadscope", *(f"--ignore={each}" for each in WITHOUT_TRACER)),
        under=("coverage", "run", "-m"),
    )
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report")
    pytest(session, *WITHOUT_TRACER, *IN_THREES)


@nox.session
def faults(session: nox.Session) -> None:
    """Every fault test, the long ones too: real processes, sockets and pipes; at most 12 minutes."""
    install_lock(session)
    rooms = ("tests/faults", "tests/lint/test_faults.py")
    pytest(session, *rooms, "-m", "not soak", *IN_PAIRS, "--durations=10", *session.posargs)


@nox.session
def soak(session: nox.Session) -> None:
    """A million generated inputs and more; a test that takes an hour is ended."""
    install_lock(session)
    limit = ("-o", f"faulthandler_timeout={SOAK_SECONDS}")
    rooms = ("tests/faults", "tests/lint", "tests/logcheck", "tests/redaction")
    pytest(session, *rooms, "-m", "soak", *IN_PAIRS, *limit, *session.posargs)


@nox.session
def mutants(session: nox.Session) -> None:
    """Small mistakes in the log check, one at a time: at least 90 of 100 are noticed by its quick tests."""
    install_lock(session)
    session.run(
        *("python", "-m", "logcheck.mutants", *session.posargs),
        env={"PYTHONPATH": "tests"},
        interrupt_timeout=PATIENCE_SECONDS,
    )


@nox.session
def scorecard(session: nox.Session) -> None:
    """Measure every promise about failure, beside parts wired by hand; writes docs/reference/scorecard.md."""
    install_lock(session)
    session.run(
        *("python", "-m", "faults.scorecard", *session.posargs),
        env={"PYTHONPATH": "tests"},
        # The table or the data is all that stdout gets.
        stderr=None,
        interrupt_timeout=PATIENCE_SECONDS,
    )


@nox.session(python=NEWER_PYTHONS)
def matrix(session: nox.Session) -> None:
    """The tests on the newer Pythons that this machine has."""
    install_lock(session)
    pytest(session, "--numprocesses=2", "--dist=loadscope", *session.posargs)


@nox.session
def lowest(session: nox.Session) -> None:
    """The tests with the oldest direct dependencies that pyproject.toml allows."""
    python = own_environment(session)
    install = ("uv", "pip", "install", "--quiet", "--python", str(python))
    run(session, *install, "--resolution", "lowest-direct", "--editable", ".[all]")
    run(session, *install, "--group", "dev")
    run(session, str(python), "-m", "pytest", "--numprocesses=2", "--dist=loadscope", *session.posargs)


@nox.session(name="plugin-matrix")
def plugin_matrix(session: nox.Session) -> None:
    """The pytest plugin beside others, or those named, in an environment each: prints what tests capture."""
    install_lock(session)
    for name in session.posargs or BESIDE:
        packages, arguments = BESIDE[name]
        python = own_environment(session)
        install = ("uv", "pip", "install", "--quiet", "--python", str(python))
        run(session, *install, "--editable", ".", *packages)
        session.run(
            *("python", "-m", "testing.matrix", name, str(python), *arguments), env={"PYTHONPATH": "tests"}
        )
        if name in SNAPSHOTS:
            session.run("python", "-m", "testing.snapshots", name, str(python), env={"PYTHONPATH": "tests"})
    pytest(session, "tests/testing", "-m", "full", *IN_PAIRS)


@nox.session
def package(session: nox.Session) -> None:
    """The wheel: build it, install it alone in a clean environment, import it, run its command."""
    python = own_environment(session)
    target = Path(session.create_tmp()) / "dist"
    run(session, "uv", "build", "--quiet", "--wheel", "--out-dir", str(target))
    (wheel,) = sorted(target.glob("*.whl"))[-1:]
    run(session, "uv", "pip", "install", "--quiet", "--python", str(python), str(wheel))
    run(session, str(python), "-c", "import ameide_telemetry; print(ameide_telemetry.__file__)")
    run(session, str(python.with_name("ameide-telemetry")), "--help")


@nox.session
def bench(session: nox.Session) -> None:
    """Every question of benchmarks/, peers side by side; prints ratios and gates nothing."""
    install_lock(session)
    for file in session.posargs or ["benchmarks"]:
        session.run("python", file)


@nox.session
def demo(session: nox.Session) -> None:
    """Two real services and a worker; proves one trace across them."""
    install_lock(session)
    session.run("python", "examples/demo.py", *(session.posargs or ["--check"]))


@nox.session
def generate(session: nox.Session) -> None:
    """Write what is derived: lock, constraints of users, pages of the contract, the settings, the checks."""
    install_lock(session)
    # One resolution for every platform and Python, without addresses: the index is everybody's own.
    compile_ = (
        "uv",
        "pip",
        "compile",
        "--quiet",
        "--universal",
        "--all-extras",
        "--no-annotate",
        "--no-header",
    )
    session.run(*compile_, "--group=dev", "--generate-hashes", "pyproject.toml", "-o", "requirements.lock")
    # What a user with plain pip needs: the versions of all extras, without development tools and hashes.
    session.run(*compile_, "--constraints=requirements.lock", "pyproject.toml", "-o", "constraints.txt")
    session.run("ameide-telemetry", "contract", "generate")
    with Path("docs/reference/settings.md").open("w", encoding="utf-8") as page:
        session.run("ameide-telemetry", "settings", "reference", stdout=page)
    with Path("docs/reference/checks.md").open("w", encoding="utf-8") as page:
        session.run("ameide-telemetry", "explain", "--reference", stdout=page)


def install_lock(session: nox.Session) -> None:
    """Install the lock into the session's environment, unless it runs inside one that has it."""
    if session.venv_backend == INSIDE:
        return
    place = session.virtualenv.location
    uv_pip = ("uv", "pip")
    session.run_install(
        *uv_pip, "sync", "--quiet", f"--python={place}", "--require-hashes", "requirements.lock"
    )
    session.run_install(*uv_pip, "install", "--quiet", f"--python={place}", "--no-deps", "-e", ".")


def own_environment(session: nox.Session) -> Path:
    """Return the python of a new, empty environment in the session's temporary folder."""
    place = Path(session.create_tmp()) / "venv"
    run(session, "uv", "venv", "--quiet", "--clear", "--python", sys.executable, str(place))
    return place / "bin" / "python"


def pytest(session: nox.Session, *arguments: str, under: tuple[str, ...] = ("python", "-m")) -> None:
    """Run pytest, and give it time to stop what its tests started."""
    session.run(*under, "pytest", *arguments, interrupt_timeout=PATIENCE_SECONDS)


def run(session: nox.Session, *command: str) -> None:
    """Run a command that is not part of the session's own environment."""
    session.run(*command, external=True, env={"PYTHONPATH": None, "VIRTUAL_ENV": None})
