"""How findings are told: what broke, the line, who logged it, the check, the edit, how to allow it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from _pytest._code.code import ReprEntryNative, ReprExceptionInfo, ReprFileLocation, ReprTraceback

from ameide_telemetry.checks.registry import CHECKS
from ameide_telemetry.testing.verdict import SILENCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ameide_telemetry.testing.verdict import Failure

__all__ = ["SECTION", "failed", "told", "unruled"]

SECTION: Final = "telemetry contract"
_WIDTH: Final = 96
_ALLOWED: Final = '@pytest.mark.telemetry(allow=["{}"])'
# No decorator can stand on an example in a document.
_ALLOWED_IN_MODULE: Final = 'pytestmark = pytest.mark.telemetry(allow=["{}"]) in the module'
_ALLOWED_IN_PROJECT: Final = 'ignore = ["{}"] in [tool.ameide_telemetry.logs] of pyproject.toml'
_ALLOWED_SILENCE: Final = "telemetry_process(..., silent=True)"
_A_LIBRARY: Final = "a library; no code of this project is on the stack"


def told(failures: Sequence[Failure], lines: int) -> str:
    """Return the section of one test."""
    more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
    looked = f"{lines} line{'' if lines == 1 else 's'} of this test looked at"
    head = f"{SECTION}: {_what(failures[0])}{more}; {looked}"
    return "\n".join([head, *("\n".join(_rows(each)) for each in failures)])


def failed(failures: Sequence[Failure], text: str) -> ReprExceptionInfo:
    """Return the text as a failure of pytest's own form, whose summary is one line.

    The form survives the way from a worker to its controller; plain text would come out whole in the
    summary of every CI.
    """
    first = failures[0]
    more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
    return _native(text, ReprFileLocation(first.path, first.line, f"{SECTION}: {_what(first)}{more}"))


def unruled(text: str) -> ReprExceptionInfo:
    """Return what is wrong with the rules for lines, where it is told by a test."""
    told_so = f"{SECTION}: {text}"
    return _native(told_so, ReprFileLocation("", 0, told_so))


def _native(text: str, crash: ReprFileLocation) -> ReprExceptionInfo:
    entry = ReprEntryNative([f"{row}\n" for row in text.splitlines()])
    return ReprExceptionInfo(reprtraceback=ReprTraceback([entry], None, style="native"), reprcrash=crash)


def _what(failure: Failure) -> str:
    subject = f"{failure.location}: " if failure.location else ""
    code = "" if failure.code == SILENCE else f"{failure.code} "
    return f"{code}{subject}{failure.message}"


def _rows(failure: Failure) -> Iterator[str]:
    times = f" ({failure.count} lines)" if failure.count > 1 else ""
    yield ""
    yield f"{_what(failure)}{times}"
    yield ""
    if failure.code == SILENCE:
        yield f"  process    {failure.source}"
        yield f"  in test    {failure.test}"
    else:
        yield from _found(failure)
    if failure.hint:
        yield f"  fix        {failure.hint}"
    yield f"  allow      {_allowed(failure)}"


def _allowed(failure: Failure) -> str:
    if failure.code == SILENCE:
        return _ALLOWED_SILENCE
    file, _, name = failure.test.partition("::")
    # Of a test only its parameters may have a dot in their names.
    if "." not in name.partition("[")[0]:
        return _ALLOWED.format(failure.code)
    return (_ALLOWED_IN_MODULE if file.endswith(".py") else _ALLOWED_IN_PROJECT).format(failure.code)


def _found(failure: Failure) -> Iterator[str]:
    yield from _sample(failure.sample, failure.mark)
    yield ""
    place = f"{failure.path}:{failure.line}" if failure.path else failure.source
    yield f"  logged by  {place or _A_LIBRARY}"
    yield f"  in test    {failure.test}"
    name = CHECKS[failure.code].name if failure.code in CHECKS else ""
    yield f"  check      {failure.code} {name}: ameide-telemetry explain {failure.code}"


def _sample(sample: str, mark: tuple[int, int] | None) -> Iterator[str]:
    """Wrap a line, and underline what is marked below the part that it stands in."""
    for begin in range(0, len(sample), _WIDTH):
        part = sample[begin : begin + _WIDTH]
        yield f"    {part}"
        if mark is None:
            continue
        first, last = max(mark[0] - begin, 0), min(mark[1] - begin, len(part))
        if first < last:
            yield f"    {' ' * first}{'^' * (last - first)}"
