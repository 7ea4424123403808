"""uvicorn, hypercorn, granian, daphne and waitress: which application they are given, and from where."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.model import Target
from ameide_telemetry.lint.targets.aims import aimed, astray, expression, with_factory
from ameide_telemetry.lint.targets.call import climbed
from ameide_telemetry.lint.targets.options import names, read

if TYPE_CHECKING:
    from pathlib import Path

    from ameide_telemetry.lint.model import TargetKind
    from ameide_telemetry.lint.targets.call import Aim, Call

__all__ = ["daphne", "granian", "hypercorn", "prepared", "sanic", "uvicorn", "waitress"]


_UVICORN: Final = names(
    "--reload --http2 --access-log --no-access-log --use-colors --no-use-colors --proxy-headers "
    "--no-proxy-headers --server-header --no-server-header --date-header --no-date-header --version "
    "--reset-contextvars --factory --help --use-subprocess"
)
_HYPERCORN: Final = names("--debug --reload --daemon -D --help -h")
_GRANIAN: Final = names(
    "--http1-keep-alive --no-http1-keep-alive --log --no-log --access-log --no-access-log --ws --no-ws "
    "--factory --no-factory --reload --no-reload --respawn-failed-workers --no-respawn-failed-workers "
    "--http2-adaptive-window --no-http2-adaptive-window --ssl-client-verify --no-ssl-client-verify --metrics "
    "--no-metrics --http2-enable-connect-protocol --no-http2-enable-connect-protocol --version --help "
    "--http1-pipeline-flush --no-http1-pipeline-flush --task-impl-rust --reload-ignore-worker-failure"
)
_DAPHNE: Final = names("--proxy-headers --no-server-name --help -h")
_WAITRESS: Final = names(
    "--call --expose-tracebacks --no-expose-tracebacks --clear-untrusted-proxy-headers --help"
)
_SANIC: Final = names(
    "--factory --dev -d --debug --auto-reload -r --fast --single-process --no-access-logs --noisy-exceptions"
)
_OFF: Final = names("0 false no off f n")
_FILE: Final = re.compile(r":(?![\\/])")


def uvicorn(call: Call) -> list[Aim]:
    """`module:attribute`, both needed; an application that can be called without arguments is a factory."""
    options = read(call.args, _UVICORN)
    written = options.words[0] if options.words else call.environment.get("UVICORN_APP", "")
    target = Target(
        "asgi",
        *_parts(written),
        factory=options.has("--factory") or _is_on(call, "UVICORN_FACTORY"),
        server="uvicorn",
        log_config=options.get("--log-config") or call.environment.get("UVICORN_LOG_CONFIG", ""),
    )
    folder = options.get("--app-dir") or call.environment.get("UVICORN_APP_DIR", "")
    roots = call.roots(call.here(folder, folder=True) if folder else call.cwd)
    if not written and options.has("--version", "--help"):
        return []
    if not target.module or not target.attribute:
        return [astray(call, target, written, "is not of the form module:attribute", roots=roots)]
    return [with_factory(call, aimed(call, roots, target, written))]


def hypercorn(call: Call) -> list[Aim]:
    """`[asgi:|wsgi:]module[:expression]`; the module may be a file; the attribute is `app` unless said."""
    options = read(call.args, _HYPERCORN)
    if not options.words:
        return []
    written = options.words[0]
    mode, sign, rest = written.partition(":")
    if not sign or ":" not in rest:
        mode, rest = "asgi", written
    module, _, name = rest.partition(":")
    kind: TargetKind = "wsgi" if mode == "wsgi" else "asgi"
    call_of = expression(name or "app") or (name, False, "")
    config = options.get("-c", "--config")
    target = Target(
        kind,
        module.rpartition("/")[2].removesuffix(".py") if "/" in module or module.endswith(".py") else module,
        None,
        *call_of,
        server="hypercorn",
        imports=(config.removeprefix("python:"),) if config.startswith("python:") else (),
        log_config=options.get("--log-config"),
    )
    folder = call.here(module).parent if "/" in module else call.cwd
    return [aimed(call, call.roots(folder), target, written)]


def granian(call: Call) -> list[Aim]:
    """`path-or-module[:attribute]`, `app` unless said; looked up from the folder above the package."""
    options = read(call.args, _GRANIAN)
    written = options.words[0] if options.words else call.environment.get("GRANIAN_APP", "")
    if not written:
        return []
    folder = options.get("--working-dir") or call.environment.get("GRANIAN_WORKING_DIR", "")
    call = call.into(folder)
    path, name = [*_FILE.split(written, maxsplit=1), ""][:2]
    root, module = prepared(call, path)
    interface = options.get("--interface") or call.environment.get("GRANIAN_INTERFACE", "")
    target = Target(
        "wsgi" if interface == "wsgi" else "asgi",
        module,
        None,
        name or "app",
        options.has("--factory") or _is_on(call, "GRANIAN_FACTORY"),
        server="granian",
        log_config=options.get("--log-config"),
    )
    return [aimed(call, call.roots(root, call.cwd), target, written)]


def daphne(call: Call) -> list[Aim]:
    """`module:attribute`, looked up in the current folder."""
    options = read(call.args, _DAPHNE)
    if not options.words:
        return []
    target = Target("asgi", *_parts(options.words[0]), server="daphne")
    return [aimed(call, call.roots(call.cwd), target, options.words[0])]


def waitress(call: Call) -> list[Aim]:
    """`module:attribute`, called with `--call`; also with `--app=`."""
    options = read(call.args, _WAITRESS)
    written = options.get("--app") or (options.words[0] if options.words else "")
    if not written:
        return []
    target = Target("wsgi", *_parts(written), factory=options.has("--call"), server="waitress")
    return [aimed(call, call.roots(call.cwd), target, written)]


def sanic(call: Call) -> list[Aim]:
    """`module:attribute`, `module.attribute` or `module:factory()`; `app` unless said."""
    options = read(call.args, _SANIC)
    if not options.words:
        return []
    written = options.words[0]
    module, sign, name = written.partition(":")
    roots = call.roots(call.cwd)
    if not sign and not roots.find(module):
        module, _, name = module.rpartition(".")
    target = Target("asgi", module, None, *(expression(name or "app") or (name, False, "")), server="sanic")
    if options.has("--factory"):
        target = Target("asgi", module, None, target.attribute, factory=True, server="sanic")
    return [aimed(call, roots, target, written)]


def prepared(call: Call, path: str) -> tuple[Path, str]:
    """Return root folder and module name of a path or dotted name, climbing while there is `__init__.py`."""
    place = call.here(path) if path.endswith(".py") else call.cwd.joinpath(*path.split("/"))
    return climbed(call.sight, place)


def _parts(written: str) -> tuple[str, None, str]:
    module, _, attribute = written.partition(":")
    return module, None, attribute


def _is_on(call: Call, variable: str) -> bool:
    value = call.environment.get(variable, "").lower()
    return bool(value) and value not in _OFF
