"""uWSGI and mod_wsgi-express: applications behind servers in C, with options on the line or in a file."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.deployment.ini import entries
from ameide_telemetry.lint.model import Target
from ameide_telemetry.lint.targets.aims import aimed, astray, expression, file_aimed
from ameide_telemetry.lint.targets.options import names, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ameide_telemetry.lint.roots import Roots
    from ameide_telemetry.lint.targets.call import Aim, Call

__all__ = ["mod_wsgi", "uwsgi"]

_FLAGS: Final = names(
    "--master -M --enable-threads -T --single-interpreter -i --lazy --lazy-apps --vacuum --die-on-term "
    "--need-app --no-orphans --thunder-lock --harakiri-verbose --strict --memory-report -m --auto-procname "
    "--disable-logging -L --log-master --log-4xx --log-5xx --log-zero --log-date --logdate --log-prefix "
    "--log-x-forwarded-for --log-reopen --threaded-logger --ignore-sigpipe --ignore-write-errors "
    "--disable-write-exception --manage-script-name --close-on-exec --close-on-exec2 --cheap --no-site "
    "--reuse-port --so-keepalive --tcp-nodelay --exit-on-reload --honour-stdin --die-on-idle "
    "--no-defer-accept --wsgi-strict --wsgi-disable-file-wrapper --wsgi-manage-chunked-input "
    "--py-call-osafterfork --py-call-uwsgi-fork-hooks --reload-on-exception --catch-exceptions "
    "--skip-atexit --stats-http --mule "
    "--chmod-socket -C --abstract-socket -a --cgi-mode -c --reaper -r --dynamic-apps --no-default-app "
    "--enable-proxy-protocol --propagate-touch --show-config --reload-os-env --no-threads-wait --autoload "
    "--never-swap --log-syslog --version --help --usage -h"
)
_LETTERS: Final = {"w": "module", "p": "processes", "M": "master", "y": "yaml", "j": "json", "x": "xml"}
_SAME: Final = {
    "wsgi": "module",
    "file": "wsgi-file",
    "workers": "processes",
    "python-path": "pythonpath",
    "pp": "pythonpath",
    "lazy": "lazy-apps",
    "include": "ini",
    "inherit": "ini",
}
_OFF: Final = frozenset({"false", "off", "no", "0"})
# What is not Python, runs no application, or hands it over to others.
_OTHERS: Final = (
    "psgi",
    "rack",
    "php-app",
    "lua",
    "emperor",
    "vassal",
    "http-to",
    "fastrouter",
    "static-map",
)
_UNREAD: Final = ("yaml", "json", "xml", "eval", "pump", "paste")
_PLACE: Final = re.compile(r"%\(([\w.-]+)\)|\$\(([A-Za-z_]\w*)\)|%([dnpsvc%])")
_MOST_FILES: Final = 8
_CONFIGS: Final = (".ini",)
_SCRIPTS: Final = (".py", ".wsgi")
_LIKE_YAML: Final = (".yaml", ".yml", ".json", ".js", ".xml")


@dataclass
class _Settings:
    """What uWSGI is told, by its long names; what is said last counts.

    Attributes:
        call: the program.
        values: name -> values in order.
        missing: a configuration that is not there, or is not read.
        read: configurations that were read.
    """

    call: Call
    values: dict[str, list[str]] = field(default_factory=dict)
    missing: str = ""
    read: list[str] = field(default_factory=list)

    def get(self, name: str) -> str:
        return self.values.get(name, [""])[-1]

    def is_on(self, name: str) -> bool:
        return name in self.values and self.get(name).lower() not in _OFF

    def put(self, name: str, value: str) -> None:
        name = _SAME.get(name, name)
        self.values.setdefault(name, []).append(value)
        if name == "ini":
            self._load(value)

    def _load(self, written: str) -> None:
        name, _, section = written.partition(":")
        name = name or (self.read[-1] if self.read else "")
        path = self.call.here(name)
        if "$" in name or not self.call.sight.is_file(path):
            self.missing = self.missing or written
            return
        if len(self.read) >= _MOST_FILES:
            return
        self.read.append(name)
        known = _magic(name)
        for entry in entries(self.call.sight.projects.text(path), folded=False):
            if entry.section == (section or "uwsgi") and entry.key:
                self.put(entry.key, self._filled(entry.value, known))

    def _filled(self, text: str, known: Mapping[str, str]) -> str:
        """Put placeholders, variables and signs in; what nobody says stays as `$NAME`."""

        def value(found: re.Match[str]) -> str:
            placeholder, variable, sign = found.groups()
            if sign:
                return known[sign]
            if variable:
                return self.call.environment.get(variable, f"${variable}")
            return self.get(placeholder) or f"${placeholder}"

        return _PLACE.sub(value, text)


def _magic(name: str) -> Mapping[str, str]:
    folder, last = posixpath.split(name)
    return {
        "d": f"{folder or '.'}/",
        "c": posixpath.basename(folder),
        "s": last,
        "n": PurePosixPath(last).stem,
        "p": name,
        "v": ".",
        "%": "%",
    }


def uwsgi(call: Call) -> list[Aim]:
    """`module`, `wsgi-file` and `mount`, from options, variables and files; `application` unless said."""
    options = read(call.args, _FLAGS)
    if options.has("--version", "--help", "--usage", "-h"):
        return []
    settings = _Settings(call)
    for name, value in call.environment.items():
        if name.startswith("UWSGI_"):
            settings.put(name.removeprefix("UWSGI_").lower().replace("_", "-"), value)
    given = [(name, value) for name, values in options.values.items() for value in values]
    given += [_bare(word) for word in options.words]
    # What stands in a file is said before what stands on the line.
    for name, value in sorted(given, key=lambda pair: pair[0] not in {"--ini", "ini"}):
        long = name.removeprefix("--")
        settings.put(_LETTERS.get(name.removeprefix("-"), long), value)
    moved = call.into(settings.get("chdir"))
    paths = [moved.here(each, folder=True) for each in reversed(settings.values.get("pythonpath", ()))]
    roots = moved.roots(*paths, moved.cwd)
    aims = [_application(moved, roots, each, _target(settings, moved)) for each in _written(settings)]
    return aims or _nothing(moved, roots, settings)


def _bare(word: str) -> tuple[str, str]:
    """Return the option that a word without one stands for."""
    name = word.partition(":")[0]
    if name.endswith(_CONFIGS):
        return "ini", word
    if name.endswith(_LIKE_YAML):
        return "yaml", word
    return ("wsgi-file" if name.endswith(_SCRIPTS) else "module"), word


def _target(settings: _Settings, call: Call) -> Target:
    """Return the target without what it serves; an application that is imported by the master forks."""
    many = settings.get("processes") not in {"", "0", "1"} or settings.is_on("cheaper")
    forks = (many or settings.is_on("master")) and not settings.is_on("lazy-apps")
    name = settings.get("callable") or "application"
    return Target("wsgi", "", None, name, server="uwsgi", wrappers=call.wrappers, preload=forks, forks=forks)


def _written(settings: _Settings) -> Iterator[tuple[str, bool]]:
    """Yield what is served, each with whether it is a file."""
    found = [(settings.get("module"), False), (settings.get("wsgi-file"), True)]
    for mount in settings.values.get("mount", ()):
        what = mount.partition("=")[2]
        found.append((what, what.partition(":")[0].endswith(_SCRIPTS)))
    yield from dict.fromkeys(each for each in found if each[0])


def _application(call: Call, roots: Roots, written: tuple[str, bool], target: Target) -> Aim:
    text, is_file = written
    place, sign, name = text.partition(":")
    attribute, is_factory, _ = expression(name if sign else target.attribute) or (name, False, "")
    target = replace(target, attribute=attribute, factory=is_factory)
    if is_file:
        return file_aimed(call, place, target, roots=roots)
    return aimed(call, roots, replace(target, module=place), text)


def _nothing(call: Call, roots: Roots, settings: _Settings) -> list[Aim]:
    target = _target(settings, call)
    if settings.missing:
        reason = "is a config file that is not there"
        return [astray(call, replace(target, module="", attribute=""), settings.missing, reason, roots=roots)]
    if any(name in settings.values for name in _OTHERS):
        return []
    unread = next((name for name in _UNREAD if name in settings.values), "")
    cure = "say what it serves in the file: `module = package.module:application`, or on the line by `-w`"
    written = settings.get(unread) if unread else " ".join(call.args)
    reason = f"is given by `{unread}`, which is not read" if unread else "names no application"
    return [astray(call, replace(target, attribute=""), written, reason, cure, roots=roots)]


_EXPRESS: Final = names(
    "--http2 --ssl-environment --https-only --allow-localhost --enable-sendfile --disable-reloading "
    "--reload-on-changes --directory-listing --error-override --compress-responses --server-metrics "
    "--server-status --access-log --startup-log --verbose-debugging --log-to-terminal --rotate-logs "
    "--chunked-request --with-php5 --with-cgi --orphan-interpreter --embedded-mode --enable-docs "
    "--debug-mode --enable-debugger --debugger-startup --enable-coverage --enable-profiler --enable-recorder "
    "--enable-gdb --setup-only --enable-telemetry --free-threading --help -h"
)
_VERBS: Final = frozenset({"start-server", "setup-server"})


def mod_wsgi(call: Call) -> list[Aim]:
    """`start-server FILE`, or a module with `--application-type module`; each process loads it by itself."""
    options = read(call.args, _EXPRESS)
    verb, word, *_ = (*options.words, "", "")
    written = options.get("--entry-point") or word
    kind = options.get("--application-type") or "script"
    if verb not in _VERBS or not written or kind not in {"script", "module", "paste"}:
        return []
    name = options.get("--callable-object") or "application"
    moved = call.into(options.get("--working-directory"))
    paths = [moved.here(each, folder=True) for each in options.all("--python-path")]
    roots = moved.roots(moved.cwd, *paths)
    target = Target("wsgi", "", None, name, server="mod_wsgi-express", wrappers=call.wrappers)
    if kind == "module":
        return [aimed(moved, roots, replace(target, module=written), written)]
    if kind == "paste":
        return [astray(moved, replace(target, attribute=""), written, "is a file for Paste", roots=roots)]
    # The file is found from where the program is started, whatever folder the application runs in.
    return [file_aimed(call, written, target, roots=roots)]
