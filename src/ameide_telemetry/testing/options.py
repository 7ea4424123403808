"""What a test asks for by `@pytest.mark.telemetry(...)`, checked before any test runs."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MODES", "Mode", "TelemetryOptions", "complain", "options_of"]

Mode = Literal["fail", "warn", "off"]
Network = Literal["none", "loopback"]
MODES: Final[tuple[str, ...]] = get_args(Mode)
_NETWORKS: Final[tuple[str, ...]] = get_args(Network)
_LONGEST: Final = 80
_LINE_CHECKS: Final = "TEL5"
_STASH: Final = pytest.StashKey["TelemetryOptions"]()
_MALFORMED: Final = pytest.StashKey[str]()


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryOptions:
    """What one test asks for; malformed values raise `ValueError` with what is accepted.

    Attributes:
        allow: codes of checks whose findings are no failure in this test, such as `TEL512`.
        network: `loopback` lets exporters that this test starts connect to this machine; `none` lets none.
        contract: `fail`, `warn` or `off` for this test; None for what the run says.
    """

    allow: frozenset[str] = frozenset()
    network: Network = "none"
    contract: Mode | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "allow", _codes(self.allow))
        _one_of("network", self.network, _NETWORKS)
        if self.contract is not None:
            _one_of("contract", self.contract, MODES)


_NAMES: Final = tuple(each.name for each in fields(TelemetryOptions))


def options_of(item: pytest.Item, *, later: bool = False) -> TelemetryOptions:
    """Return what the markers of a test ask for: the nearest one decides, `allow` adds up.

    Args:
        item: the test.
        later: whether `complain` tells what is malformed.

    Raises:
        UsageError: a marker is malformed; the text names the test and what is accepted.
    """
    if _STASH not in item.stash:
        try:
            item.stash[_STASH] = _merged([_read(each) for each in item.iter_markers("telemetry")])
        except ValueError as error:
            text = f"{item.nodeid}: @pytest.mark.telemetry: {error}"
            if not later:
                raise pytest.UsageError(text) from None
            item.stash[_STASH], item.stash[_MALFORMED] = TelemetryOptions(), text
    return item.stash[_STASH]


def complain(item: pytest.Item) -> None:
    """Raise what `options_of` was told to leave for later.

    Raises:
        UsageError: as there.
    """
    text = item.stash.get(_MALFORMED, None)
    if text is not None:
        raise pytest.UsageError(text)


def _read(marker: pytest.Mark) -> Mapping[str, Any]:
    if len(marker.args) == 1 and isinstance(marker.args[0], TelemetryOptions) and not marker.kwargs:
        return {name: getattr(marker.args[0], name) for name in _NAMES}
    if marker.args:
        raise ValueError(f"takes names, such as allow=[...], not {_brief(marker.args[0])}")
    for name in marker.kwargs:
        if name not in _NAMES:
            raise ValueError(f"unknown option {name!r}{_nearest(name, _NAMES)}")
    TelemetryOptions(**marker.kwargs)
    return marker.kwargs


def _merged(markers: list[Mapping[str, Any]]) -> TelemetryOptions:
    allow = frozenset(code for each in markers for code in each.get("allow", ()))
    chosen: dict[str, Any] = {}
    for each in reversed(markers):
        chosen.update({name: value for name, value in each.items() if value is not None})
    return TelemetryOptions(**{**chosen, "allow": allow})


def _codes(allow: object) -> frozenset[str]:
    if isinstance(allow, str) or not isinstance(allow, (list, tuple, set, frozenset)):
        raise ValueError(f'allow takes a list of codes, such as ["TEL512"], not {_brief(allow)}')  # noqa: TRY004 usage
    if not allow:
        return frozenset()
    from ameide_telemetry.checks.registry import CHECKS  # noqa: PLC0415 few tests name a code

    known = tuple(code for code in CHECKS if code.startswith(_LINE_CHECKS))
    for code in allow:
        if not isinstance(code, str) or code not in known:
            raise ValueError(f"allow: there is no check {_brief(code)} of lines{_nearest(str(code), known)}")
    return frozenset(allow)


def _one_of(name: str, value: object, accepted: tuple[str, ...]) -> None:
    if value not in accepted:
        raise ValueError(f"{name} is one of {', '.join(accepted)}, not {_brief(value)}")


def _nearest(word: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(word, known, 1)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known[:12])}"


def _brief(value: object) -> str:
    return repr(value)[:_LONGEST]
