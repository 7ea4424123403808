"""Programs in front of the one that matters: stripped, and kept by name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.targets.interpreter import started
from ameide_telemetry.lint.targets.lines import assignment, commands, filled
from ameide_telemetry.lint.targets.options import names, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ameide_telemetry.lint.targets.options import Options

__all__ = ["BOOTSTRAPS", "HATCH", "Bare", "Wrapper", "base", "is_python", "stripped"]

_DEPTH: Final = 24
_PYTHON: Final = re.compile(r"(python|pypy)[0-9.]*t?(\.exe)?")


@dataclass(frozen=True, slots=True)
class Wrapper:
    """How a program is followed by the command that it starts.

    Attributes:
        verbs: words that must come next, such as `run`; options may stand before and after them.
        valued: options that take a value; all others are flags.
        skips: how many words stand between the options and the command, such as the user of `gosu`.
        folder: options whose value is the folder that the command is started in.
        module: options after which the command is a Python module.
        line: option whose value is the whole command as one line for a shell.
        dashes: whether the command only begins after `--`.
        bootstrap: whether it starts telemetry of its own.
    """

    verbs: tuple[str, ...] = ()
    valued: frozenset[str] = frozenset()
    skips: int = 0
    folder: tuple[str, ...] = ()
    module: tuple[str, ...] = ()
    line: str = ""
    dashes: bool = False
    bootstrap: bool = False


@dataclass(frozen=True, slots=True)
class Bare:
    """A command without its wrappers.

    Attributes:
        words: program and arguments.
        wrappers: what was in front, outermost first.
        environment: variables that are set for it.
        folders: folders that were changed into, in order.
    """

    words: tuple[str, ...]
    wrappers: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    folders: tuple[str, ...] = ()


_UV: Final = names(
    "--with --with-editable --with-requirements --extra --no-extra --group --no-group --only-group --package "
    "--project --directory --env-file --python -p --index --default-index --index-url -i --extra-index-url "
    "--find-links -f --cache-dir --config-file --color --refresh-package --upgrade-package -P --from -w "
    "--index-strategy --keyring-provider --link-mode --prerelease --resolution --exclude-newer "
    "--config-setting -C"
)

_WRAPPERS: Final[Mapping[str, Wrapper]] = MappingProxyType(
    {
        "exec": Wrapper(valued=names("-a")),
        "command": Wrapper(),
        "builtin": Wrapper(),
        "nohup": Wrapper(),
        "setsid": Wrapper(),
        "time": Wrapper(),
        "chronic": Wrapper(),
        "unbuffer": Wrapper(),
        "catatonit": Wrapper(),
        "with-contenv": Wrapper(),
        "tini": Wrapper(valued=names("-p -e -E")),
        "tini-static": Wrapper(valued=names("-p -e")),
        "docker-init": Wrapper(valued=names("-p -e")),
        "dumb-init": Wrapper(valued=names("-r --rewrite")),
        "gosu": Wrapper(skips=1),
        "su-exec": Wrapper(skips=1),
        "setpriv": Wrapper(valued=names("--reuid --regid --groups --inh-caps --ambient-caps --bounding-set")),
        "setuidgid": Wrapper(skips=1),
        "s6-setuidgid": Wrapper(skips=1),
        "s6-envuidgid": Wrapper(skips=1),
        "s6-notifyoncheck": Wrapper(valued=names("-3 -s -T -t -w -n -c")),
        "envdir": Wrapper(skips=1),
        "s6-envdir": Wrapper(skips=1),
        "systemd-cat": Wrapper(valued=names("-t --identifier -p --priority --stderr-priority --namespace")),
        "vault-env": Wrapper(),
        "chpst": Wrapper(valued=names("-u -U -b -e -/ -C -n -l -L -m -d -o -p -f -c -t -r"), folder=("-C",)),
        "runuser": Wrapper(valued=names("-u --user -g --group -G --supp-group"), line="-c"),
        "sudo": Wrapper(valued=names("-u --user -g --group -D --chdir -h -p -C"), folder=("-D", "--chdir")),
        "su": Wrapper(valued=names("-s --shell -g --group"), line="-c"),
        "nice": Wrapper(valued=names("-n --adjustment")),
        "ionice": Wrapper(valued=names("-c --class -n --classdata -p --pid")),
        "chrt": Wrapper(skips=1),
        "taskset": Wrapper(skips=1),
        "numactl": Wrapper(valued=names("-N -m -C -l -i")),
        "stdbuf": Wrapper(valued=names("-i -o -e --input --output --error")),
        "timeout": Wrapper(valued=names("-s --signal -k --kill-after"), skips=1),
        "flock": Wrapper(valued=names("-w --timeout -E"), skips=1),
        "xvfb-run": Wrapper(valued=names("-s --server-args -n --server-num -e -f -p -w")),
        "wait-for-it": Wrapper(dashes=True),
        "wait-for-it.sh": Wrapper(dashes=True),
        "wait-for": Wrapper(dashes=True),
        "wait-for.sh": Wrapper(dashes=True),
        "dockerize": Wrapper(
            valued=names("-wait -timeout -template -stdout -stderr -wait-retry-interval -delims")
        ),
        "doppler": Wrapper(verbs=("run",), dashes=True),
        "infisical": Wrapper(verbs=("run",), dashes=True),
        "op": Wrapper(verbs=("run",), dashes=True),
        "chamber": Wrapper(verbs=("exec",), dashes=True),
        "berglas": Wrapper(verbs=("exec",), dashes=True),
        "bws": Wrapper(verbs=("run",), dashes=True),
        "aws-vault": Wrapper(verbs=("exec",), dashes=True),
        "dotenv": Wrapper(valued=names("-f --file -q"), verbs=("run",)),
        "uv": Wrapper(verbs=("run",), valued=_UV, folder=("--directory",), module=("-m", "--module")),
        "uvx": Wrapper(valued=_UV),
        "pipx": Wrapper(verbs=("run",), valued=names("--spec --python --index-url --pip-args")),
        "poetry": Wrapper(
            verbs=("run",), valued=names("-C --directory -P --project"), folder=("-C", "--directory")
        ),
        "pipenv": Wrapper(verbs=("run",), valued=names("--python")),
        "hatch": Wrapper(
            verbs=("run",), valued=names("-e --env -p --project --data-dir --cache-dir --config")
        ),
        "rye": Wrapper(verbs=("run",), valued=names("--pyproject")),
        "pdm": Wrapper(verbs=("run",), valued=names("-p --project --venv"), folder=("-p", "--project")),
        "conda": Wrapper(verbs=("run",), valued=names("-n --name -p --prefix --cwd"), folder=("--cwd",)),
        "mamba": Wrapper(verbs=("run",), valued=names("-n --name -p --prefix --cwd"), folder=("--cwd",)),
        "micromamba": Wrapper(
            verbs=("run",), valued=names("-n --name -p --prefix --cwd -a"), folder=("--cwd",)
        ),
        "pixi": Wrapper(verbs=("run",), valued=names("-e --environment --manifest-path")),
        "hupper": Wrapper(
            valued=names("-w --watch -x --ignore --shutdown-interval --reload-interval"), module=("-m",)
        ),
        "watchmedo": Wrapper(
            verbs=("auto-restart",),
            valued=names("-d --directory -p --pattern --patterns -i --ignore-patterns --signal --interval"),
        ),
        "coverage": Wrapper(
            verbs=("run",),
            valued=names("--source --rcfile --omit --include --data-file --concurrency"),
            module=("-m",),
        ),
        "memray": Wrapper(verbs=("run",), valued=names("-o --output"), module=("-m",)),
        "scalene": Wrapper(valued=names("--outfile")),
        "py-spy": Wrapper(verbs=("record",), dashes=True),
        "debugpy": Wrapper(
            valued=names(
                "--listen --connect --log-to --configure-qt --adapter-access-token --parent-session-pid"
            ),
            module=("-m",),
        ),
        "opentelemetry-instrument": Wrapper(bootstrap=True),
        "opentelemetry.instrumentation.auto_instrumentation": Wrapper(bootstrap=True),
        "splunk-instrument": Wrapper(bootstrap=True),
        "splunk-py-trace": Wrapper(bootstrap=True),
        "ddtrace-run": Wrapper(bootstrap=True),
        "ddtrace.commands.ddtrace_run": Wrapper(bootstrap=True),
        "newrelic-admin": Wrapper(verbs=("run-program",), bootstrap=True),
        "elasticapm-run": Wrapper(valued=names("--config"), bootstrap=True),
        "sentry-run": Wrapper(bootstrap=True),
        "logfire": Wrapper(verbs=("run",), valued=names("--exclude"), module=("-m",), bootstrap=True),
        "sw-python": Wrapper(verbs=("run",), bootstrap=True),
        "middleware-run": Wrapper(bootstrap=True),
        "scout-apm": Wrapper(bootstrap=True),
    }
)
HATCH: Final = "HATCH_ENV_ACTIVE"
"""Variable by which hatch says in which environment it runs something."""
BOOTSTRAPS: Final = frozenset(name for name, wrapper in _WRAPPERS.items() if wrapper.bootstrap)
"""Wrappers that start telemetry of their own: with ours it is started twice."""

# Options without a value; all others of this program have one.
_FLAGS_OF_OTEL: Final = names("--help -h --version")
_MODULES: Final = names("debugpy coverage memray scalene poetry pipenv uv watchdog.watchmedo hatch pdm")
_WATCHFILES: Final = names(
    "--ignore-paths --target-type --filter --args --verbosity --sigint-timeout --grace-period "
    "--sigkill-timeout"
)
_DOTTED: Final = re.compile(r"\w+(?:\.\w+)+")
_SHELL_VALUED: Final = names("-o -O +o +O --rcfile --init-file")


def base(word: str) -> str:
    """Return the name of a program without its folders."""
    return word.replace("\\", "/").rstrip("/").rpartition("/")[2].removesuffix(".exe")


def is_python(word: str) -> bool:
    """Return whether a word is an interpreter of Python."""
    return bool(_PYTHON.fullmatch(base(word)))


def stripped(words: Sequence[str], environment: Mapping[str, str]) -> list[Bare]:
    """Return what a command starts in the end: several commands where a shell is given a line."""
    done: list[Bare] = []
    waiting = [Bare(tuple(words), environment=dict(environment))]
    for _ in range(_DEPTH):
        if not waiting:
            break
        following: list[Bare] = []
        for bare in waiting:
            inner = _inside(bare)
            if inner is None:
                done.append(bare)
            else:
                following += inner
        waiting = following
    return done


def _inside(bare: Bare) -> list[Bare] | None:
    """Return the commands inside of the outermost wrapper; None if there is no wrapper."""
    if not bare.words:
        return []
    words = [filled(word, bare.environment) if "$" in word else word for word in bare.words]
    named = assignment(words[0])
    if named:
        return [replace(bare, words=tuple(words[1:]), environment={**bare.environment, named[0]: named[1]})]
    name = base(words[0])
    special = _SPECIAL.get(name)
    if special:
        return special(bare, words)
    args = words[1:]
    if is_python(name):
        run = started(args)
        name, args = (run.what, list(run.args)) if run.how == "module" else ("", args)
        if name not in BOOTSTRAPS and name not in _MODULES:
            name = ""
    wrapper = _WRAPPERS.get(name)
    if wrapper is None:
        return None if tuple(words) == bare.words else [replace(bare, words=tuple(words))]
    return _unwrapped(bare, wrapper, name, args)


def _unwrapped(bare: Bare, wrapper: Wrapper, name: str, args: list[str]) -> list[Bare]:
    folders = bare.folders
    modules = False
    chosen = _read(name, wrapper, args).get("-e", "--env") if name == "hatch" else ""
    for verb in wrapper.verbs:
        options = _read(name, wrapper, args)
        if options.words[:1] != (verb,):
            # `newrelic-admin run-python x` and other verbs: only those of the table start a command.
            return (
                [replace(bare, words=("python", *options.rest), wrappers=(*bare.wrappers, name))]
                if (options.words[:1] == ("run-python",))
                else []
            )
        folders = (*folders, *options.all(*wrapper.folder))
        args = list(options.rest)
    if wrapper.dashes:
        args = args[args.index("--") + 1 :] if "--" in args else []
    else:
        options = _read(name, wrapper, args)
        folders = (*folders, *options.all(*wrapper.folder))
        line = options.get(wrapper.line) if wrapper.line else ""
        modules = options.has(*wrapper.module)
        if line or (wrapper.line and wrapper.line in args[:-1]):
            args = ["sh", "-c", line or args[args.index(wrapper.line) + 1]]
        else:
            args = [*options.words, *options.rest][wrapper.skips :]
    if name == "hatch" and args:
        named, _, args[0] = args[0].rpartition(":")
        bare = replace(bare, environment={**bare.environment, HATCH: named or chosen})
    if args and (modules or (args[0].endswith(".py") and wrapper.module)):
        args = ["python", *(["-m"] if modules else []), *args]
    return [replace(bare, words=tuple(args), wrappers=(*bare.wrappers, name), folders=folders)]


def _read(name: str, wrapper: Wrapper, args: list[str]) -> Options:
    if name in _LIKE_OTEL:
        return read(args, _FLAGS_OF_OTEL, stop=True)
    return read(args, valued=wrapper.valued, stop=True)


def _env(bare: Bare, words: list[str]) -> list[Bare]:
    """Return what `env` starts: options, variables, then the command; `-S` holds all of it in one word."""
    options = read(words[1:], valued=names("-u --unset -C --chdir -S --split-string"), stop=True)
    rest = [*options.words, *options.rest]
    line = options.get("-S", "--split-string")
    for inner in commands(line, bare.environment) if line else ():
        rest = [*inner, *rest]
    environment = dict(bare.environment)
    while rest and (named := assignment(rest[0])):
        environment[named[0]] = named[1]
        rest = rest[1:]
    folders = (*bare.folders, *options.all("-C", "--chdir"))
    return [replace(bare, words=tuple(rest), environment=environment, folders=folders)]


def _shell(bare: Bare, words: list[str]) -> list[Bare]:
    """Return the commands of a shell's `-c`; a script that it runs is read by those who read files."""
    if words[0].endswith("busybox"):
        words = words[1:]
    args = words[1:]
    while args and args[0].startswith(("-", "+")):
        if args[0][1:2] != "-" and "c" in args[0][1:]:
            return list(_lines(bare, args[1] if len(args) > 1 else "", tuple(args[2:])))
        args = args[2:] if args[0] in _SHELL_VALUED else args[1:]
    return []


def _lines(bare: Bare, line: str, given: tuple[str, ...]) -> Iterator[Bare]:
    environment = {**bare.environment, **{str(at): word for at, word in enumerate(given)}}
    folders = bare.folders
    for words in commands(line, environment):
        if words[0] == "cd":
            folders = (*folders, *words[1:2])
        elif words[0] == "export" or all(assignment(word) for word in words):
            environment.update(named for word in words if (named := assignment(word)))
        else:
            inner = _given(words, given[1:])
            yield replace(bare, words=inner, environment=dict(environment), folders=folders)


def _given(words: list[str], given: tuple[str, ...]) -> tuple[str, ...]:
    """Return words with `$@` as the arguments that a shell was given after its line."""
    return tuple(each for word in words for each in (given if word in {"$@", "$*"} and given else (word,)))


def _watchfiles(bare: Bare, words: list[str]) -> list[Bare]:
    """Return what `watchfiles` starts over and over: a command line, or a function by its dotted name."""
    options = read(words[1:], valued=_WATCHFILES, stop=True)
    what = "".join(options.words[:1])
    kind = options.get("--target-type")
    if kind == "function" or (kind != "command" and _DOTTED.fullmatch(what)):
        module, _, name = what.rpartition(".")
        inner: tuple[str, ...] = ("python", "-c", f"from {module} import {name}; {name}()")
    else:
        inner = ("sh", "-c", what)
    return [replace(bare, words=inner, wrappers=(*bare.wrappers, "watchfiles"))] if what else []


def _nodemon(bare: Bare, words: list[str]) -> list[Bare]:
    """Return what `nodemon --exec command file` starts; what runs a file of JavaScript is none of ours."""
    at = next((number for number, word in enumerate(words) if word in {"--exec", "-x"}), len(words))
    line = " ".join(words[at + 1 :])
    return [replace(bare, words=("sh", "-c", line), wrappers=(*bare.wrappers, "nodemon"))] if line else []


def _nothing(bare: Bare, words: list[str]) -> list[Bare]:  # noqa: ARG001
    return []


_LIKE_OTEL: Final = names(
    "opentelemetry-instrument splunk-instrument opentelemetry.instrumentation.auto_instrumentation"
)
_SPECIAL: Final[Mapping[str, Callable[[Bare, list[str]], list[Bare]]]] = MappingProxyType(
    {
        "env": _env,
        "watchfiles": _watchfiles,
        "nodemon": _nodemon,
        **dict.fromkeys(("sh", "bash", "dash", "ash", "zsh", "ksh", "busybox"), _shell),
        **dict.fromkeys(
            (":", "set", "cd", "export", "echo", "printf", "sleep", "true", "test", "[", "wait"), _nothing
        ),
    }
)
