"""gunicorn: command line over GUNICORN_CMD_ARGS over the config file, which is Python."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.model import Target
from ameide_telemetry.lint.targets.aims import aimed, astray, expression, with_factory
from ameide_telemetry.lint.targets.configfile import UNSAID, settings
from ameide_telemetry.lint.targets.options import names, read

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ameide_telemetry.lint.targets.call import Aim, Call
    from ameide_telemetry.lint.targets.options import Options

__all__ = ["gunicorn"]

_FLAGS: Final = names(
    "--reload --spew --check-config --print-config --preload --no-sendfile --reuse-port -D --daemon "
    "--initgroups --disable-redirect-access-to-syslog --capture-output --log-syslog -R --enable-stdio- "
    "inheritance --proxy-protocol --suppress-ragged-eofs --do-handshake-on-connect --permit-obsolete- "
    "folding --strip-header-spaces --permit-unconventional-http-method --permit-unconventional-http- "
    "version --casefold-http-method --enable-backlog-metric --http2-cleartext --no-control-socket -h "
    "--help -v --version"
)
_ASGI: Final = ("uvicorn", "asgi", "hypercorn", "aiohttp", "sanic")
_DEFAULT_CONFIG: Final = "gunicorn.conf.py"
_PRELOAD: Final = "preload_app"


@dataclass(frozen=True)
class _Config:
    """What a config file sets: names with their values, `UNSAID` for a value that is not in the source."""

    name: str = ""
    path: Path | None = None
    values: Mapping[str, object] = field(default_factory=dict)

    def text(self, name: str) -> str:
        value = self.values.get(name)
        return value if isinstance(value, str) else ""


def gunicorn(call: Call) -> list[Aim]:
    """Return the application: the first word, or `wsgi_app` of the config file."""
    options = read(call.args, _FLAGS)
    if options.has("-v", "--version", "-h", "--help"):
        return []
    further = read(_split(call.environment.get("GUNICORN_CMD_ARGS", "")), _FLAGS)
    config = _config(call, options.get("-c", "--config") or further.get("-c", "--config"))
    said = _Said(options, further, config)
    written = options.words[0] if options.words else config.text("wsgi_app")
    roots = call.roots(*_folders(call, said))
    module, sign, name = written.partition(":")
    kept = expression(name if sign else "application")
    worker = said.get("worker_class", "-k", "--worker-class").lower()
    asked = options.has("--preload") or further.has("--preload")
    preload = asked or config.values.get(_PRELOAD, False)
    target = Target(
        "asgi" if any(each in worker for each in _ASGI) else "wsgi",
        module,
        None,
        *(kept or (name, False, "")),
        server="gunicorn",
        preload=preload is not UNSAID and bool(preload),
        forks=preload is not UNSAID and bool(preload),
        unsure=_PRELOAD if preload is UNSAID else "",
        imports=(config.name,) if config.name else (),
        log_config=_log_config(said),
    )
    if not written:
        cure = f'give it one, or write `wsgi_app = "module:application"` in {config.name or _DEFAULT_CONFIG}'
        return [astray(call, target, " ".join(call.args), "names no application", cure, roots=roots)]
    if not kept and "$" not in written:
        reason = "holds neither a name nor a call with literal arguments after the colon"
        return [astray(call, target, written, reason, roots=roots)]
    aims = [_configured(call, target, options, config) or aimed(call, roots, target, written)]
    return [with_factory(call, aim) if "uvicorn" in worker else aim for aim in aims]


@dataclass(frozen=True)
class _Said:
    options: Options
    further: Options
    config: _Config

    def get(self, setting: str, *names: str) -> str:
        return self.options.get(*names) or self.further.get(*names) or self.config.text(setting)


def _folders(call: Call, said: _Said) -> list[Path]:
    chdir = said.get("chdir", "--chdir")
    paths = [each for each in said.get("pythonpath", "--pythonpath").split(",") if each]
    inside = call.here(chdir, folder=True) if chdir else call.cwd
    # The later of them is put in front of the earlier.
    before = [call.here(each, folder=True) for each in reversed(paths)]
    return [*before, inside, call.cwd]


def _log_config(said: _Said) -> str:
    own = said.get("logconfig", "--log-config") or said.get("logconfig_json", "--log-config-json")
    return own or ("logconfig_dict" if "logconfig_dict" in said.config.values else "")


def _configured(call: Call, target: Target, options: Options, config: _Config) -> Aim | None:
    """Return the aim that misses since the config file that was asked for is not there."""
    written = options.get("-c", "--config")
    if not written or config.path or "$" in written:
        return None
    if written.startswith("python:") and "." in written:
        # It may come with a package that is installed, as the one of this library does.
        return None
    return astray(call, replace(target, imports=()), written, "is a config file that is not there")


def _config(call: Call, written: str) -> _Config:
    if written.startswith("python:"):
        name = written.removeprefix("python:")
        found = call.roots(call.cwd).find(name)
        return _Config(name, found.path, settings(call, found.path))
    path = call.here(written or _DEFAULT_CONFIG)
    if call.sight.is_file(path):
        return _Config(str(path), path, settings(call, path))
    return _Config(written)


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # a quote that is never closed
        return text.split()
