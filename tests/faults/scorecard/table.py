"""The questions: every promise about failure that has a figure, with its target."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

from faults.scorecard import exits, floods, records, redaction, requests, servers, streams, values
from faults.scorecard.measure import Everything, Exactly, Fraction, Least, Measure, Most, Number
from faults.scorecard.suite import Suite, run_suite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from faults.scorecard.measure import Figure, Target
    from faults.scorecard.programs import Wiring

__all__ = ["Questions"]

_MODES: Final = ("refused", "silent")
_LOAD_SECONDS: Final = 60
_SUITE_SECONDS: Final = 1800
_SOAK_SECONDS: Final = 3600
_TEST_SECONDS: Final = 300
# key, name, target, how it is measured; each on processes of both kinds.
_BOTH: Final[Sequence[tuple[str, str, Target, Callable[[Wiring], Figure]]]] = (
    (
        "sigterm",
        "Server set-ups in which every span, log record and measurement arrives at SIGTERM",
        Everything(9),
        servers.kept_at_sigterm,
    ),
    (
        "exit",
        "Longest exit of a process, over the states of a collector",
        Most(5, "s"),
        exits.longest_exit,
    ),
    ("flush", "`force_flush` of 0.5 s with a silent collector", Most(0.7, "s"), records.longest_flush),
    (
        "children",
        "Forked children that end at once and whose records arrive",
        Everything(4),
        records.children_that_deliver,
    ),
    (
        "broken",
        "Requests answered as usual while sampler, `on_start` or `on_end` raises",
        Everything(3),
        records.requests_while_broken,
    ),
    (
        "headers",
        "Requests with odd bytes in a header answered as usual under uvicorn",
        Everything(20),
        requests.answered_as_usual,
    ),
    (
        "neighbours",
        "Good records that arrive beside a lone surrogate and 2**63",
        Everything(401),
        records.good_neighbours,
    ),
    (
        "recursion",
        "Log records exported because of one, root logger at DEBUG, 6 s",
        Exactly(1),
        records.records_of_one,
    ),
    (
        "stalled",
        "Longest log call while nobody reads stdout",
        Most(10, "ms"),
        streams.longest_block,
    ),
    (
        "torn",
        "Lines of 15 KB by 4 writers of one pipe that stay whole",
        Everything(6000),
        streams.whole_lines,
    ),
    (
        "lines",
        "Lines of stdout and stderr under uvicorn that are strict JSON",
        Everything(),
        streams.valid_under_uvicorn,
    ),
    (
        "tenants",
        "Requests whose line has their own tenant, pipelined and in threads",
        Everything(2000),
        streams.own_tenants,
    ),
    (
        "memory",
        "Growth of memory by 4,000 log records of 100 KB, silent collector",
        Most(48, "MB"),
        floods.growth_of_big_records,
    ),
    (
        "series",
        "Series of one instrument after 20,000 hosts, methods, paths and articles",
        Most(2000),
        floods.series_of_attack,
    ),
    ("series-memory", "Growth of memory by the same", Most(20, "MB"), floods.growth_of_attack),
)


class Questions:
    """All measures of one run; what several of them need is done once.

    Attributes:
        seed: of everything that is generated.
        suite_ran: whether a measure needed the fault suite.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.suite_ran = False

    def measures(self) -> list[Measure]:
        """Return the questions in the order of the page."""
        both = [
            Measure(key, name, target, partial(measure, "ours"), partial(measure, "hand"))
            for key, name, target, measure in _BOTH
        ]
        of_redaction = redaction.Benchmark(lambda: self._scrubbed).measures()
        rows = [*self._of_tests(), *both, *self._of_values(), *self._of_load()]
        return [*rows, *self._of_trust(), *of_redaction]

    @cached_property
    def suite(self) -> Suite:
        """The fault suite, everything but the soak."""
        self.suite_ran = True
        return run_suite(self.seed, marked="not soak", seconds=_SUITE_SECONDS, one=_TEST_SECONDS)

    @cached_property
    def soak(self) -> Suite:
        """The long run of generated inputs."""
        return run_suite(self.seed, marked="soak", seconds=_SOAK_SECONDS, one=_SOAK_SECONDS)

    @cached_property
    def growth(self) -> Suite:
        """The tests that compare the time for a text with that for twice as much."""
        return redaction.run_growth(self.seed)

    @cached_property
    def _scrubbed(self) -> Mapping[str, Any]:
        return redaction.run_benchmark()

    def _of_tests(self) -> list[Measure]:
        suite = self.suite_of
        return [
            Measure("faults", "Faults survived, each a test of its own", Everything(60), self._faults),
            Measure("suite", "Minutes of the fault suite", Most(12, "min"), self._minutes),
            Measure(
                "failpoints",
                "Places where telemetry was made to fail and the application stayed unchanged",
                Everything(100),
                suite("test_failpoints"),
            ),
            Measure(
                "ledger",
                "Tests of emitted = delivered + dropped + queued",
                Everything(),
                suite("test_ledger"),
            ),
            Measure("generated", "Generated inputs without a failure", Least(1_000_000), self._generated),
            Measure(
                "requests",
                "Hostile requests and sockets answered like the bare application",
                Everything(500),
                suite("test_requests"),
            ),
            Measure(
                "tenancy",
                "Tests in which no request sees another's context",
                Everything(),
                suite("test_context"),
            ),
        ]

    def suite_of(self, *prefixes: str) -> Callable[[], Fraction]:
        """Return a measure of some tests of the suite."""
        return lambda: self.suite.survived(*prefixes)

    def _of_values(self) -> list[Measure]:
        name = "Bad values in a log field: three valid lines, nothing raised"
        return [Measure("values", name, Everything(400), values.ours, values.peers)]

    def _of_trust(self) -> list[Measure]:
        quick, soak = (lambda: self.suite), (lambda: self.soak)
        hostile = "Requests by a grammar of hostility answered exactly like the bare application"
        apart = "Interleaved requests whose lines and spans have nothing of another's"
        noted = [
            Measure(key, name, Everything(least), partial(_noted, suite, note))
            for key, name, least, suite, note in (
                ("hostile", hostile, 3_000, quick, "hostile_requests"),
                ("hostile-soak", f"{hostile}, soak", 100_000, soak, "hostile_requests"),
                ("isolation", apart, 20_000, quick, "isolation"),
                ("isolation-soak", f"{apart}, soak", 1_000_000, soak, "isolation"),
            )
        ]
        planted = Measure(
            "canaries",
            "Secrets planted in every sink of three processes of which no part comes out",
            Everything(600),
            partial(_noted, quick, "canaries"),
            partial(_noted, quick, "canaries_bare"),
        )
        growth = Measure(
            "linear",
            "Redaction: time for twice the text, worst of all near misses",
            Most(2.5, "x"),
            lambda: redaction.worst_growth(self.growth),
        )
        return [*noted, planted, growth]

    def _of_load(self) -> list[Measure]:
        held = f"{floods.LINES:,} lines/s and {floods.SPANS:,} spans/s for a minute, dead collector"
        questions: Sequence[tuple[str, str, Target, Callable[[floods.Load], Number]]] = (
            ("load-call", "p99 of a log call", Most(1, "ms", below=True), lambda load: load.p99),
            ("load-memory", "growth of memory", Most(48, "MB"), lambda load: load.growth),
            ("load-errors", "errors in the application", Exactly(0), lambda load: Number(load.errors)),
        )
        asked = [
            Measure(
                key,
                f"{held}: {name}",
                target,
                partial(self._load, "ours", figure),
                partial(self._load, "hand", figure),
            )
            for key, name, target, figure in questions
        ]
        balance = partial(self._load, "ours", lambda load: Number(len(load.imbalances())))
        return [
            *asked,
            Measure("load-balance", f"{held}: sums of the ledger that are wrong", Exactly(0), balance),
        ]

    def _load(self, wiring: Wiring, figure: Callable[[floods.Load], Number]) -> Number:
        """Return the worse of the figures with the two kinds of dead collector."""
        return max((figure(load) for load in self._loads(wiring)), key=lambda each: each.value)

    def _loads(self, wiring: Wiring) -> list[floods.Load]:
        if wiring not in self._loaded:
            self._loaded[wiring] = [floods.run_load(wiring, mode, _LOAD_SECONDS) for mode in _MODES]
        return self._loaded[wiring]

    @cached_property
    def _loaded(self) -> dict[Wiring, list[floods.Load]]:
        return {}

    def _faults(self) -> Fraction:
        tests = self.suite.tests()
        good = sum(set(verdicts) == {"passed"} for verdicts in tests.values())
        cases = sum(sum(verdicts.values()) for verdicts in tests.values())
        return Fraction(good, len(tests), f"{cases:,} cases")

    def _minutes(self) -> Number:
        if not self.suite.outcomes:
            raise LookupError("no test ran")
        return Number(round(self.suite.seconds / 60, 1), "min")

    def _generated(self) -> Number:
        return Number(sum(self.soak.recorded("generated_inputs")), "inputs")


def _noted(suite: Callable[[], Suite], name: str) -> Fraction:
    return suite().noted(name)
