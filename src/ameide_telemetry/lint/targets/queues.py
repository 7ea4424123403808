"""Workers of queues: dramatiq, rq, arq, faust, taskiq, huey."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.model import Target
from ameide_telemetry.lint.targets.aims import aimed, astray
from ameide_telemetry.lint.targets.call import Aim
from ameide_telemetry.lint.targets.celery import find_app
from ameide_telemetry.lint.targets.options import names, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ameide_telemetry.lint.roots import Roots
    from ameide_telemetry.lint.targets.call import Call
    from ameide_telemetry.lint.targets.options import Options

__all__ = ["arq", "dramatiq", "faust", "huey", "rq", "taskiq"]


_DRAMATIQ: Final = names("--verbose -v --watch-use-polling --use-spawn --skip-logging --version --help -h")
_PATHS: Final = names("--path -P")
_LISTS: Final = _PATHS | names("--queues -Q")
_RQ: Final = names(
    "--burst -b --quiet -q --verbose -v --with-scheduler -s --disable-job-desc-logging "
    "--disable-default-exception-handler -d --help"
)
# Imported in this order, before the settings; from the variable where no option says it.
_RQ_CLASSES: Final = (
    ("RQ_WORKER_CLASS", "--worker-class", "-w"),
    ("RQ_JOB_CLASS", "--job-class", "-j"),
    ("RQ_QUEUE_CLASS", "--queue-class"),
    ("RQ_CONNECTION_CLASS", "--connection-class"),
    ("", "--exception-handler"),
)
_ARQ: Final = names("--burst --no-burst --check -v --verbose -V --version --help")
_FAUST: Final = names(
    "--quiet --no-quiet -q --debug --no-debug --json --without-web --with-web --version --help"
)
_TASKIQ: Final = names(
    "--fs-discover -fsd --no-parse --no-propagate-errors --reload -r --do-not-use-gitignore "
    "--no-configure-logging --use-process-pool --skip-first-run --help -h"
)
_HUEY: Final = names(
    "-C --disable_health_check -n --no-periodic --no_periodic -u --utc -o --localtime -v --verbose -q "
    "--quiet -f --flush-locks"
)


def dramatiq(call: Call) -> list[Aim]:
    """`module[:broker] [module...]`; every worker process imports them by itself."""
    plain, listed = _apart(call.args)
    words = read(plain, _DRAMATIQ).words
    if not words:
        return []
    module, _, attribute = words[0].partition(":")
    target = Target("dramatiq", module, None, attribute, server="dramatiq", imports=tuple(words[1:]))
    folders = [call.here(each, folder=True) for each in listed if each != "."]
    return [aimed(call, call.roots(*folders, call.cwd), target, words[0])]


def _apart(args: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the words without options that take all words up to the next option, and those of the path."""
    plain: list[str] = []
    folders: list[str] = []
    taker: list[str] | None = None
    for word in args:
        if word in _LISTS:
            taker = folders if word in _PATHS else []
        elif word.startswith("-"):
            plain.append(word)
            taker = None
        elif taker is not None:
            taker.append(word)
        else:
            plain.append(word)
    return plain, folders


def rq(call: Call) -> list[Aim]:
    """A worker imports its classes and settings; the functions of its jobs only when they come."""
    options = read(call.args, _RQ)
    args = [word for word in options.words if not word.startswith("-")]
    if call.program == "rq" and args[:1] not in (["worker"], ["worker-pool"], ["scheduler"]):
        return []
    folders = [call.here(each, folder=True) for each in options.all("--path", "-P") if each != "."]
    roots = call.roots(*folders, call.cwd)
    given = [*_classes(call, options, roots), *_settings(call, options)]
    if not given:
        return [_of_others(call, roots, " ".join([call.program, *args[:1]]))]
    written, module, attribute = given[0]
    target = Target(
        "rq",
        module,
        None,
        attribute,
        server="rq worker",
        forks=True,
        imports=tuple(dict.fromkeys(name for _, name, _ in given[1:] if name != module)),
    )
    return [aimed(call, roots, target, written)]


def _classes(call: Call, options: Options, roots: Roots) -> Iterator[tuple[str, str, str]]:
    """Yield what the worker is made of, where it comes from the tree: as it is written, module, name."""
    for variable, *spellings in _RQ_CLASSES:
        said = options.all(*spellings) or [call.environment.get(variable, "")]
        for written in said:
            module, _, attribute = written.rpartition(".")
            # What comes with a package that is installed brings nothing of ours.
            if "$" in written or (module and roots.find(module.partition(".")[0])):
                yield written, module, attribute


def _settings(call: Call, options: Options) -> Iterator[tuple[str, str, str]]:
    written = options.get("-c", "--config") or call.environment.get("RQ_CONFIG", "")
    if written:
        yield written, written, ""


def _of_others(call: Call, roots: Roots, line: str) -> Aim:
    """Return the aim of a worker that imports nothing of the service before the first job."""
    target = Target("rq", "rq.worker", None, server="rq worker", forks=True, wrappers=call.wrappers)
    trouble = (
        f"`{line}` of the service {{service}} never calls the bootstrap: rq imports the module of a job only "
        "when the job comes, so nothing of the service starts telemetry in the worker"
    )
    hint = (
        "name a module that calls the bootstrap in its first lines: `-c settings`, or "
        "`--worker-class module.Worker`; or start the worker from a script of your own that does"
    )
    return Aim(target, roots.folders, trouble, hint, code="TEL101")


def arq(call: Call) -> list[Aim]:
    """`module.Settings`."""
    options = read(call.args, _ARQ)
    if not options.words:
        return []
    written = options.words[0]
    module, _, attribute = written.partition(":") if ":" in written else written.rpartition(".")
    target = Target("arq", module, None, attribute, server="arq", log_config=options.get("--custom-log-dict"))
    return [aimed(call, call.roots(call.cwd), target, written)]


def faust(call: Call) -> list[Aim]:
    """`-A module[:attribute] worker`; the attribute is `app` unless said."""
    options = read(call.args, _FAUST)
    if "worker" not in options.words:
        return []
    call = call.into(options.get("-W", "--workdir"))
    written = options.get("-A", "--app")
    target = Target("queue", "", None, server="faust")
    if not written:
        return [
            astray(call, target, "worker", "is given no application by -A", "write `faust -A module worker`")
        ]
    roots = call.roots(call.cwd)
    module, attribute = find_app(call, roots, written, ("app",))
    return [aimed(call, roots, replace(target, module=module, attribute=attribute), written)]


def taskiq(call: Call) -> list[Aim]:
    """`worker module:broker [module...]`, `scheduler module:scheduler [module...]`."""
    options = read(call.args, _TASKIQ)
    verb, written, *modules = (*options.words, "", "")
    if verb not in {"worker", "scheduler"} or not written:
        return []
    module, _, attribute = written.partition(":")
    folder = options.get("--app-dir", "-d")
    roots = call.roots(call.here(folder, folder=True) if folder else call.cwd)
    target = Target(
        "queue", module, None, attribute, server=f"taskiq {verb}", imports=tuple(filter(None, modules))
    )
    return [aimed(call, roots, target, written)]


def huey(call: Call) -> list[Aim]:
    """`module.instance`; `-k process` forks after the import."""
    options = read(call.args, _HUEY)
    if not options.words:
        return []
    written = options.words[0]
    module, _, attribute = written.rpartition(".")
    forks = options.get("-k", "--worker-type") == "process"
    target = Target("queue", module, None, attribute, server="huey", preload=forks, forks=forks)
    return [aimed(call, call.roots(call.cwd), target, written)]
