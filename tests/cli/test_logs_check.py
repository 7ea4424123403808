"""`logs check`: real processes, real files, real pipes; exit codes and what is said."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from ameide_telemetry.cli import main
from support.environment import untraced_environment
from support.log_lines import BAD, GOOD, line

if TYPE_CHECKING:
    from pathlib import Path

_MODULE = [sys.executable, "-m", "ameide_telemetry", "logs", "check"]
_SECONDS = 60


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own with three files of lines, and no configuration above it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.log").write_text(GOOD, encoding="utf-8")
    (tmp_path / "bad.log").write_text(BAD, encoding="utf-8")
    (tmp_path / "good.log.gz").write_bytes(gzip.compress(GOOD.encode()))
    return tmp_path


def _process(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*_MODULE, *arguments], input=given, capture_output=True, timeout=_SECONDS, check=False
    )


def test_good_lines_exit_0(capsys: pytest.CaptureFixture[str]) -> None:
    """Files and compressed files are read, and the verdict says how many lines that were."""
    assert main(["logs", "check", "good.log", "good.log.gz"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("✓ nothing wrong in 20 lines\n")
    assert shown.err == ""


def test_bad_lines_exit_1(capsys: pytest.CaptureFixture[str]) -> None:
    """Each finding is told once, with its first places, and makes the command exit 1."""
    assert main(["logs", "check", "bad.log", "--format", "concise"]) == 1
    rows = capsys.readouterr().out.splitlines()
    assert [row.split()[:2] for row in rows[:-1]] == [
        ["bad.log:3:", "TEL501"],
        ["bad.log:5:", "TEL532"],
        ["bad.log:7:", "TEL512"],
    ]
    assert rows[-1] == "3 errors, 1 warning in 10 lines"


def test_a_pipe_is_checked() -> None:
    """What a service prints is piped in; without a file and with `-` it is the same."""
    for arguments in ((), ("-",)):
        done = _process(*arguments, given=BAD.encode())
        assert (done.returncode, done.stderr) == (1, b"")
        assert b"<stdin>:3" in done.stdout
        assert b"\x1b" not in done.stdout


def test_lines_are_judged_while_the_service_still_writes() -> None:
    """A real service at the other end of a real pipe: every line of it is read, also the last one."""
    program = (
        "import logging\n"
        "from ameide_telemetry import init_telemetry\n"
        "init_telemetry('orders', version='1', environment='test')\n"
        "for number in range(100): logging.getLogger('orders').warning('order %s', number)\n"
        "print('printed')\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as service:
        done = subprocess.run(
            [*_MODULE, "--json"], stdin=service.stdout, capture_output=True, timeout=_SECONDS, check=False
        )
    document = json.loads(done.stdout)
    assert (service.returncode, done.returncode, document["findings"]) == (0, 0, [])
    assert document["examined"] >= 101


@pytest.mark.parametrize(
    ("name", "reason", "cure"),
    [
        ("missing.log", "No such file", "  name a file of log lines"),
        ("folder", "s a directory", "  name the files in it: folder/*.log"),
        ("empty.log", "is empty", "  let the service write its lines there first"),
        ("binary.log", "is a binary file", "  name a file of log lines"),
        ("cut.log.gz", "ends in the middle", "  name a file of log lines"),
    ],
)
def test_what_cannot_be_read_exits_2(
    name: str, reason: str, cure: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is no verdict about what was not read, also beside files that were; the cure is said last."""
    (folder / "folder").mkdir()
    (folder / "empty.log").touch()
    (folder / "binary.log").write_bytes(bytes(range(256)))
    (folder / "cut.log.gz").write_bytes(gzip.compress(os.urandom(9_000).hex().encode())[:4_000])
    assert main(["logs", "check", "good.log", name]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"ameide-telemetry: {name}: ")
    assert reason in shown.err
    assert shown.err.splitlines()[-1].startswith(cure)


def test_an_empty_or_closed_standard_input_exits_2() -> None:
    """A pipe that brings nothing is not a clean one."""
    empty = _process()
    assert (empty.returncode, empty.stdout) == (2, b"")
    assert empty.stderr.splitlines()[-1] == b"  pipe lines in: CMD | ameide-telemetry logs check"
    closed = subprocess.run(
        ["/bin/sh", "-c", '"$@" <&-', "sh", *_MODULE], capture_output=True, timeout=_SECONDS, check=False
    )
    assert (closed.returncode, closed.stdout) == (2, b"")
    assert b"closed" in closed.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--format", "sari"], "unknown format 'sari': did you mean sarif? one of full, concise"),
        (["--level", "warn"], "unknown level 'warn': did you mean warning? one of error, warning, info"),
        (["--ignore", "TEL5O1"], "'TEL5O1' of log lines"),
        (["--ignore", "TEL010"], "'TEL010' of log lines"),
        (["--output", "out.sarif"], "no FORMAT=FILE, such as sarif=report.sarif"),
        (["--output", "sarif=no/out"], "mkdir -p no"),
        (["--output", "sarif=."], "is a directory: name a file in it"),
        (["--max-samples", "0"], "a whole number from 1"),
        (["--engine", "java"], "the engines are auto, standard, jsonschema-rs"),
        (["--config", "no.toml"], "name another file: --config FILE"),
        (["--json", "--format", "sarif"], "not allowed with"),
    ],
)
def test_wrong_options_exit_2(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is misspelt is named, with what there is instead."""
    assert main(["logs", "check", "good.log", *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert said in shown.err


def test_reports_are_written_into_files_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One run writes as many formats as are asked for; what is on stdout is one of them."""
    options = ["-o", "sarif=out.sarif", "--output", "junit=out.xml", "--output", "json=out.json"]
    assert main(["logs", "check", "bad.log", "--format", "github", *options]) == 1
    assert capsys.readouterr().out.startswith("::error file=bad.log,line=3,")
    sarif = json.loads((folder / "out.sarif").read_bytes())
    assert len(sarif["runs"][0]["results"]) == 3
    assert ET.parse(folder / "out.xml").getroot().get("failures") == "3"
    document = json.loads((folder / "out.json").read_bytes())
    assert (document["examined"], document["facts"]["engine"] != "") == (10, True)


def test_levels_choose_what_is_told_and_what_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """Below the asked level nothing is told but a count, and nothing fails."""
    assert main(["logs", "check", "bad.log", "--ignore", "TEL501,TEL532"]) == 1
    assert "▲ traceId" in capsys.readouterr().out
    assert main(["logs", "check", "bad.log", "--ignore", "TEL501", "-i", "TEL532", "--level", "error"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(
        "✓ nothing wrong in 10 lines\n  hidden 1 warning; see them with --level warning\n"
    )


def test_samples_are_bounded(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of each finding so many places are kept as asked for, and all of them are counted."""
    (folder / "many.log").write_text("no\n" * 50, encoding="utf-8")
    assert main(["logs", "check", "many.log", "--json", "--max-samples", "2"]) == 1
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert (finding["count"], [place["line"] for place in finding["places"]]) == (50, [1, 2])


def test_fields_can_be_required_of_requests(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--require` names what lines of requests have; `--in-trace` makes every line in a trace one of them."""
    ids = {"trace_id": "a" * 32, "span_id": "b" * 16, "trace_flags": "01", "request_id": "r"}
    (folder / "trace.log").write_text(line(**ids) + "\n", encoding="utf-8")
    assert main(["logs", "check", "trace.log", "--require", "request_id,tenant_id"]) == 0
    assert main(["logs", "check", "trace.log", "--in-trace"]) == 0
    capsys.readouterr()
    required = ["--in-trace", "--require", "request_id,tenant_id", "--format", "concise"]
    assert main(["logs", "check", "trace.log", *required]) == 1
    assert "TEL514 tenant_id: " in capsys.readouterr().out


def test_a_reader_that_has_had_enough() -> None:
    """A closed pipe ends the command quietly."""
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.Popen([*_MODULE, "bad.log"], stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    _, errors = process.communicate(timeout=_SECONDS)
    assert (process.returncode, errors) == (141, b"")


def test_interrupt() -> None:
    """Ctrl+C while lines are awaited exits as a shell expects it, without a traceback."""
    process = subprocess.Popen(
        [*_MODULE, "-", "--format", "full"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=untraced_environment(),
        start_new_session=True,
    )
    assert process.stdin is not None
    # A pipe holds 64 KiB: more has gone through only when the command reads.
    process.stdin.write(GOOD.encode() * 200)
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=_SECONDS)
    assert (process.returncode, out, errors) == (130, b"", b"")


def test_help_imports_neither_the_contract_nor_the_sdk() -> None:
    """Help costs little, and the check itself runs without OpenTelemetry."""
    code = (
        "import sys; from ameide_telemetry.cli import main\n"
        "main(['logs', 'check', '--help'])\n"
        "loaded = 'ameide_telemetry.contract.load' in sys.modules\n"
        "main(['logs', 'check', 'good.log'])\n"
        "heavy = [name for name in ('opentelemetry', 'structlog') if name in sys.modules]\n"
        "sys.exit('the contract' if loaded else ','.join(heavy) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_what_was_found_before_is_told_beside_what_cannot_be_read(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The report is written as far as it goes, and the exit code says that this was not all."""
    (folder / "bad.log").write_text("print me\n")
    (folder / "empty.log").touch()
    assert main(["logs", "check", "-o", "json=report.json", "bad.log", "empty.log", "good.log"]) == 2
    shown = capsys.readouterr()
    assert "TEL501" in shown.out
    assert shown.err.startswith("ameide-telemetry: empty.log: ")
    assert json.loads((folder / "report.json").read_text())["findings"][0]["code"] == "TEL501"


@pytest.mark.parametrize("outputs", [["json=good.log"], ["json=./good.log"], ["json=r.txt", "sarif=r.txt"]])
def test_a_report_never_replaces_what_is_read(
    outputs: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor another report; what stands there stays."""
    before = (folder / "good.log").read_bytes()
    assert main(["logs", "check", *(word for each in outputs for word in ("-o", each)), "good.log"]) == 2
    assert "name another one" in capsys.readouterr().err
    assert (folder / "good.log").read_bytes() == before
