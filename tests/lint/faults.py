"""Faults that are put into green services, and rewrites that change nothing: what has to be found is known.

    PYTHONPATH=tests python -m lint.faults [--all]

prints for each fault in how many of the sample services the lint names the code that it has to name, and for
each rewrite in how many it stays silent. Five kinds of services in three layouts, by construction.
"""

from __future__ import annotations

import ast
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from ameide_telemetry.lint.config import read_config
from ameide_telemetry.lint.linter import Linter
from ameide_telemetry.lint.outcome import level_of
from ameide_telemetry.lint.store import Store
from ameide_telemetry.lint.tree import Tree

__all__ = ["EQUIVALENTS", "FAULTS", "KINDS", "LAYOUTS", "Change", "Service", "cases", "codes_in"]

_IMPORT: Final = "from ameide_telemetry import init_telemetry"
_INIT: Final = 'telemetry = init_telemetry("shop")'
_LOG: Final = "from ameide_telemetry import get_logger"


@dataclass(frozen=True, slots=True)
class Service:
    """A service in parts.

    Attributes:
        kind: one of `KINDS`.
        layout: one of `LAYOUTS`.
        imports: rows of import statements of the entry module.
        init: rows that start telemetry.
        app: rows that make what is served.
        end: rows behind that.
        command: words of the command, with `{module}` and `{file}`.
        files: further files below the folder of the source: path -> text.
        beside: further files below the service: path -> text.
        dependencies: of the project.
    """

    kind: str
    layout: str
    imports: tuple[str, ...]
    app: tuple[str, ...]
    command: tuple[str, ...]
    init: tuple[str, ...] = (_INIT,)
    end: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    beside: dict[str, str] = field(default_factory=dict)
    dependencies: tuple[str, ...] = ("ameide-telemetry",)

    @property
    def text(self) -> str:
        """The entry module."""
        return "\n".join([_IMPORT, *self.imports, "", *self.init, *self.app, *self.end, ""])

    def tree(self) -> dict[str, str]:
        """Return all files: path -> text."""
        return LAYOUTS[self.layout](self)


KINDS: Final[dict[str, Callable[[str], Service]]] = {
    "fastapi": lambda layout: Service(
        "fastapi",
        layout,
        ("from fastapi import FastAPI",),
        ("app = FastAPI()", "", "", '@app.get("/")', "def home():", "    return {}"),
        ("uvicorn", "{module}:app", "--port", "8000"),
    ),
    "flask": lambda layout: Service(
        "flask",
        layout,
        ("from flask import Flask",),
        ("app = Flask(__name__)",),
        ("gunicorn", "{module}:app", "-w", "2"),
    ),
    "celery": lambda layout: Service(
        "celery",
        layout,
        ("from celery import Celery",),
        ('app = Celery("shop")', "", "", "@app.task", "def work():", "    return 1"),
        ("celery", "-A", "{module}", "worker"),
    ),
    "grpc": lambda layout: Service(
        "grpc",
        layout,
        ("from concurrent import futures", "", "import grpc"),
        ("server = grpc.server(futures.ThreadPoolExecutor())", "server.start()"),
        ("python", "-m", "{module}"),
        end=("server.wait_for_termination()",),
    ),
    "script": lambda layout: Service(
        "script",
        layout,
        ("from http.server import HTTPServer, SimpleHTTPRequestHandler",),
        ("", "", "def main():", '    HTTPServer(("", 80), SimpleHTTPRequestHandler).serve_forever()', "", ""),
        ("python", "{file}"),
        end=('if __name__ == "__main__":', "    main()"),
    ),
}


def _project(service: Service, more: str = "") -> str:
    names = ", ".join(f'"{name}"' for name in service.dependencies)
    return f'[project]\nname = "shop"\nversion = "1"\ndependencies = [{names}]\n{more}'


def _words(service: Service, module: str, file: str) -> tuple[str, ...]:
    return tuple(word.format(module=module, file=file) for word in service.command)


def _flat(service: Service) -> dict[str, str]:
    words = " ".join(_words(service, "entry", "entry.py"))
    return {
        "Procfile": f"web: {words}\n",
        "pyproject.toml": _project(service),
        "entry.py": service.text,
        **service.files,
        **service.beside,
    }


def _package(service: Service) -> dict[str, str]:
    words = ", ".join(f'"{word}"' for word in _words(service, "shop.entry", "shop/entry.py"))
    return {
        "Dockerfile": f"FROM python:3.14\nWORKDIR /srv\nCOPY src ./\nCMD [{words}]\n",
        "pyproject.toml": _project(service),
        "src/shop/__init__.py": "",
        "src/shop/entry.py": service.text,
        **{f"src/{path}": text for path, text in service.files.items()},
        **service.beside,
    }


def _monorepo(service: Service) -> dict[str, str]:
    words = " ".join(_words(service, "entry", "entry.py"))
    compose = "services:\n  shop:\n    build: ./services/shop\n    command: " + words + "\n"
    inner = {f"services/shop/{path}": text for path, text in {**service.files, **service.beside}.items()}
    return {
        "compose.yaml": compose,
        "services/shop/Dockerfile": "FROM python:3.14\nWORKDIR /srv\nCOPY . .\n",
        "services/shop/pyproject.toml": _project(service),
        "services/shop/entry.py": service.text,
        "services/other/entry.py": "def entry():\n    return 1\n",
        **inner,
    }


LAYOUTS: Final[dict[str, Callable[[Service], dict[str, str]]]] = {
    "flat": _flat,
    "package": _package,
    "monorepo": _monorepo,
}

Change = Callable[[Service], Service]
_ALL: Final = tuple(KINDS)
_SERVED: Final = ("fastapi", "flask")


def _head(*rows: str) -> Change:
    return lambda service: replace(service, imports=(*service.imports, *rows))


def _init(*rows: str) -> Change:
    return lambda service: replace(service, init=rows)


def _after_init(*rows: str) -> Change:
    return lambda service: replace(service, init=(*service.init, *rows))


def _first(*rows: str) -> Change:
    return lambda service: replace(service, init=(*rows, *service.init))


def _below(service: Service) -> Service:
    return replace(service, init=(), end=(*service.init, *service.end))


def _words_first(*words: str) -> Change:
    return lambda service: replace(service, command=(*words, *service.command))


def _words_last(*words: str) -> Change:
    return lambda service: replace(service, command=(*service.command, *words))


def _both(*changes: Change) -> Change:
    def change(service: Service) -> Service:
        for each in changes:
            service = each(service)
        return service

    return change


def _files(files: dict[str, str], *, beside: bool = False) -> Change:
    def change(service: Service) -> Service:
        if beside:
            return replace(service, beside={**service.beside, **files})
        return replace(service, files={**service.files, **files})

    return change


_LIFESPAN: Final = (
    "",
    "@asynccontextmanager",
    "async def lifespan(app):",
    f"    {_INIT}",
    "    yield",
    "",
)


def _into_lifespan(service: Service) -> Service:
    app = tuple(row.replace("FastAPI()", "FastAPI(lifespan=lifespan)") for row in service.app)
    imports = ("from contextlib import asynccontextmanager", *service.imports)
    return replace(service, imports=imports, init=_LIFESPAN, app=app)


FAULTS: Final[dict[str, tuple[str, tuple[str, ...], Change]]] = {
    "init deleted": ("TEL101", _ALL, _init()),
    "init in a helper that nobody calls": ("TEL101", _ALL, _init("", "def boot():", f"    {_INIT}", "")),
    "init in a method that nobody calls": (
        "TEL101",
        _ALL,
        _init("", "class Boot:", "    def start(self):", f"        {_INIT}", "", "boot = Boot()"),
    ),
    "init in a lambda that nobody calls": ("TEL101", _ALL, _init('boot = lambda: init_telemetry("shop")')),
    "init in a coroutine that nobody awaits": (
        "TEL101",
        _ALL,
        _init("", "async def boot():", f"    {_INIT}", "", "boot()"),
    ),
    "init in a generator that nobody asks": (
        "TEL101",
        _ALL,
        _init("", "def boot():", f"    {_INIT}", "    yield", "", "boot()"),
    ),
    "init behind a return": (
        "TEL101",
        _ALL,
        _init("", "def boot():", "    return", f"    {_INIT}", "", "boot()"),
    ),
    "init of another library's name": ("TEL101", _ALL, _both(_head("from shoplib import init_telemetry"))),
    "init shadowed": ("TEL101", _ALL, _first("", "def init_telemetry(name):", "    return name", "")),
    "init under the guard of a server": (
        "TEL101",
        (*_SERVED, "celery"),
        lambda service: replace(service, init=(), end=('if __name__ == "__main__":', f"    {_INIT}")),
    ),
    "init in a request": (
        "TEL101",
        _SERVED,
        lambda service: replace(service, init=(), end=("", '@app.get("/x")', "def x():", f"    {_INIT}")),
    ),
    "init for type checkers": (
        "TEL101",
        _ALL,
        _both(_head("from typing import TYPE_CHECKING"), _init("if TYPE_CHECKING:", f"    {_INIT}")),
    ),
    "init below the application": ("TEL102", _SERVED, _below),
    "init last in a factory": (
        "TEL102",
        ("fastapi",),
        lambda service: replace(
            service,
            init=("", "def make():", "    made = FastAPI()", f"    {_INIT}", "    return made", ""),
            app=("app = make()",),
        ),
    ),
    "init in the lifespan": ("TEL103", ("fastapi",), _into_lifespan),
    "init on start-up": (
        "TEL103",
        ("fastapi",),
        lambda service: replace(
            service, init=(), end=("", '@app.on_event("startup")', "def begin():", f"    {_INIT}")
        ),
    ),
    "init under a flag": (
        "TEL104",
        _ALL,
        _both(_head("import os"), _init('if os.environ.get("DEBUG"):', f"    {_INIT}")),
    ),
    "init behind an early return": (
        "TEL104",
        _ALL,
        _both(
            _head("import os"),
            _init(
                "",
                "def boot():",
                '    if os.environ.get("LOCAL"):',
                "        return",
                f"    {_INIT}",
                "",
                "boot()",
            ),
        ),
    ),
    "init behind `and`": (
        "TEL104",
        _ALL,
        _both(_head("import os"), _init('os.environ.get("T") and init_telemetry("shop")')),
    ),
    "init only where an import fails": (
        "TEL104",
        _ALL,
        _init("try:", "    import fast", "except ImportError:", f"    {_INIT}"),
    ),
    "workers that fork after the import": ("TEL105", ("flask",), _words_last("--preload")),
    "two calls": ("TEL107", _ALL, _after_init('init_telemetry("shop", version="2")')),
    "a wrapper of OpenTelemetry": ("TEL107", _ALL, _words_first("opentelemetry-instrument")),
    "a wrapper of Datadog": ("TEL107", _ALL, _words_first("ddtrace-run")),
    "a line before init": (
        "TEL108",
        _ALL,
        _both(
            _files({"early.py": 'import logging\n\nlogging.getLogger(__name__).warning("early")\n'}),
            lambda service: replace(service, init=("import early", *service.init)),
        ),
    ),
    "the SDK by hand": (
        "TEL201",
        _ALL,
        _both(
            _head("from opentelemetry import trace", "from opentelemetry.sdk.trace import TracerProvider"),
            _after_init("trace.set_tracer_provider(TracerProvider())"),
        ),
    ),
    "the SDK by another name": (
        "TEL201",
        _ALL,
        _both(_head("import opentelemetry.sdk.trace as sdk"), _after_init("provider = sdk.TracerProvider()")),
    ),
    "an exporter in a function": (
        "TEL201",
        _ALL,
        _after_init(
            "",
            "def export():",
            "    from opentelemetry.exporter.otlp.proto.http import trace_exporter as e",
            "    return e.OTLPSpanExporter()",
            "",
            "export()",
        ),
    ),
    "a global text map": (
        "TEL201",
        _ALL,
        _both(_head("from opentelemetry.propagate import set_global_textmap as s"), _after_init("s(None)")),
    ),
    "basicConfig": ("TEL202", _ALL, _both(_head("import logging"), _after_init("logging.basicConfig()"))),
    "basicConfig by an alias": (
        "TEL202",
        _ALL,
        _both(_head("from logging import basicConfig as b"), _after_init("b(level=10)")),
    ),
    "basicConfig by a variable": (
        "TEL202",
        _ALL,
        _both(_head("import logging as L"), _after_init("configure = L.basicConfig", "configure()")),
    ),
    "a dictionary of logging": (
        "TEL202",
        _ALL,
        _both(_head("import logging.config"), _after_init('logging.config.dictConfig({"version": 1})')),
    ),
    "a handler at the root": (
        "TEL202",
        _ALL,
        _both(
            _head("import logging"),
            _after_init("root = logging.getLogger()", "root.addHandler(logging.StreamHandler())"),
        ),
    ),
    "a logging file of the server": (
        "TEL202",
        ("fastapi",),
        _both(
            _words_last("--log-config", "logging.conf"), _files({"logging.conf": "[loggers]\nkeys=root\n"})
        ),
    ),
    "another telemetry library": (
        "TEL203",
        _ALL,
        _both(_head("import logfire as lf"), _after_init("lf.configure()")),
    ),
    "Sentry that traces": (
        "TEL203",
        _ALL,
        _both(_head("import sentry_sdk"), _after_init('sentry_sdk.init("dsn", traces_sample_rate=1.0)')),
    ),
    "basicConfig by getattr": (
        "TEL204",
        _ALL,
        _both(_head("import logging"), _after_init('getattr(logging, "basicConfig")()')),
    ),
    "the SDK by its name": (
        "TEL204",
        _ALL,
        _both(_head("import importlib"), _after_init('importlib.import_module("opentelemetry.sdk.trace")')),
    ),
    "a print": ("TEL301", _ALL, _after_init('print("started")')),
    "a value in the event": (
        "TEL302",
        _ALL,
        _both(_head("import logging"), _after_init("name = 1", 'logging.getLogger("a").info(f"for {name}")')),
    ),
    "a key of the log record": (
        "TEL303",
        _ALL,
        _both(_head("import logging"), _after_init('logging.getLogger("a").info("x", extra={"message": 1})')),
    ),
    "a tenant on a metric": (
        "TEL304",
        _ALL,
        _both(
            _head("from opentelemetry import metrics"),
            _after_init(
                'counter = metrics.get_meter("a").create_counter("n")',
                'counter.add(1, {"tenant_id": "acme"})',
            ),
        ),
    ),
    "an address in a log call": (
        "TEL305",
        _ALL,
        _both(_head(_LOG), _after_init("user = None", 'get_logger("a").info("paid", email=user)')),
    ),
    "a dependency that is not declared": (
        "TEL401",
        _ALL,
        lambda service: replace(service, dependencies=("requests",)),
    ),
    "a target that is not there": (
        "TEL002",
        (*_SERVED, "celery"),
        lambda service: replace(
            service, command=tuple(word.replace("{module}", "{module}s") for word in service.command)
        ),
    ),
    "an error in the entry module": ("TEL001", _ALL, _after_init("def (:")),
    "an error on the way": (
        "TEL001",
        _ALL,
        _both(
            _files({"broken.py": "def (:\n"}),
            lambda service: replace(service, init=("import broken", *service.init)),
        ),
    ),
    "a comment without a reason": ("TEL004", _ALL, _after_init('print("x")  # telemetry: ignore[TEL301]')),
    "a comment that is stale": ("TEL003", _ALL, _after_init("x = 1  # telemetry: ignore[TEL301] for people")),
}
"""Fault -> the code that has to be found, the kinds of services that it can be put into, and how."""


def _unparsed(service: Service) -> Service:
    text = ast.unparse(ast.parse(service.text))
    return replace(service, imports=(), init=(text.replace(_IMPORT, "", 1),), app=(), end=())


EQUIVALENTS: Final[dict[str, tuple[tuple[str, ...], Change]]] = {
    "as it is": (_ALL, lambda service: service),
    "formatted by the interpreter": (_ALL, _unparsed),
    "comments and blank rows": (_ALL, _first("", "# Telemetry comes first.", "")),
    "an alias of the import": (
        _ALL,
        _both(
            _head("from ameide_telemetry import init_telemetry as begin"), _init('telemetry = begin("shop")')
        ),
    ),
    "by the name of the package": (
        _ALL,
        _both(_head("import ameide_telemetry as at"), _init('telemetry = at.init_telemetry("shop")')),
    ),
    "in a helper": (_ALL, _init("", "def boot():", '    return init_telemetry("shop")', "", "boot()")),
    "in a helper with arguments": (
        _ALL,
        _init("", "def boot(name, *, start=init_telemetry):", "    return start(name)", "", 'boot("shop")'),
    ),
    "in a module": (
        _ALL,
        _both(_files({"boot.py": f"{_IMPORT}\n\n{_INIT}\n"}), _init("import boot")),
    ),
    "in a function of a module": (
        _ALL,
        _both(
            _files({"boot.py": f'{_IMPORT}\n\n\ndef boot():\n    return init_telemetry("shop")\n'}),
            _init("from boot import boot", "telemetry = boot()"),
        ),
    ),
    "through two re-exports": (
        _ALL,
        _both(
            _files(
                {
                    "one.py": f"{_IMPORT}\n\nbegin = init_telemetry\n",
                    "two.py": "from one import begin as start\n\n__all__ = ['start']\n",
                }
            ),
            _init("from two import start", 'telemetry = start("shop")'),
        ),
    ),
    "through a star": (
        _ALL,
        _both(_files({"one.py": f"{_IMPORT}\n"}), _init("from one import *", _INIT)),
    ),
    "in a package's own file": (
        _ALL,
        _both(
            _files(
                {
                    "boots/__init__.py": "from .inner import boot\n",
                    "boots/inner.py": f'{_IMPORT}\n\n\ndef boot():\n    return init_telemetry("shop")\n',
                }
            ),
            _init("from boots import boot", "telemetry = boot()"),
        ),
    ),
    "by partial": (
        _ALL,
        _both(
            _head("from functools import partial"), _init('boot = partial(init_telemetry, "shop")', "boot()")
        ),
    ),
    "by a literal import": (
        _ALL,
        _both(
            _head("import importlib"),
            _init('importlib.import_module("ameide_telemetry").init_telemetry("shop")'),
        ),
    ),
    "in a method": (
        _ALL,
        _init(
            "",
            "class Boot:",
            "    def start(self):",
            '        return init_telemetry("shop")',
            "",
            "Boot().start()",
        ),
    ),
    "in a constructor": (
        _ALL,
        _init(
            "",
            "class Boot:",
            "    def __init__(self):",
            '        self.t = init_telemetry("shop")',
            "",
            "boot = Boot()",
        ),
    ),
    "in the body of a class": (_ALL, _init("", "class Boot:", f"    {_INIT}", "")),
    "in both arms": (
        _ALL,
        _both(
            _head("import os"),
            _init('if os.environ.get("A"):', f"    {_INIT}", "else:", f"    {_INIT}"),
        ),
    ),
    "in `with`": (
        _ALL,
        _both(_head("from contextlib import nullcontext"), _init("with nullcontext():", f"    {_INIT}")),
    ),
    "in `try`": (_ALL, _init("try:", f"    {_INIT}", "finally:", "    pass")),
    "in a loop over names": (_ALL, _init("for start in (init_telemetry,):", '    start("shop")')),
    "names of one's own": (
        _ALL,
        _both(_head("import logging"), _after_init('log = logging.getLogger("shop")', 'log.info("started")')),
    ),
    "meters and tracers of the API": (
        _ALL,
        _both(
            _head("from opentelemetry import metrics, trace"),
            _after_init("meter = metrics.get_meter(__name__)", "tracer = trace.get_tracer(__name__)"),
        ),
    ),
    "a local object called logging": (
        _ALL,
        _after_init(
            "",
            "class logging:",
            "    @staticmethod",
            "    def basicConfig():",
            "        return 1",
            "",
            "logging.basicConfig()",
        ),
    ),
    "tests that configure logging": (
        _ALL,
        _files({"tests/test_a.py": "import logging\n\nlogging.basicConfig()\nprint(1)\n"}, beside=True),
    ),
    "a script that prints": (
        _ALL,
        _files({"scripts/report.py": 'import logging\n\nlogging.basicConfig()\nprint("x")\n'}, beside=True),
    ),
    "imports in another order": (
        _ALL,
        lambda service: replace(service, imports=("import json", *reversed(service.imports), "import sys")),
    ),
    "the application in a factory": (
        ("fastapi",),
        lambda service: replace(service, app=("", "def make():", "    return FastAPI()", "", "app = make()")),
    ),
    "a factory that is served": (
        ("fastapi",),
        lambda service: replace(
            service,
            init=(),
            app=("", "def make():", f"    {_INIT}", "    return FastAPI()"),
            command=("uvicorn", "--factory", "{module}:make"),
        ),
    ),
    "instrument_app around it": (
        _SERVED,
        lambda service: replace(service, end=("app = telemetry.instrument_app(app)",)),
    ),
    "our hooks with preload": (
        ("flask",),
        _words_last("--preload", "-c", "python:ameide_telemetry.integrations.gunicorn"),
    ),
    "wrappers that are none": (_ALL, _words_first("exec", "env", "A=b", "nice", "-n", "5")),
    "by sh -c": (
        _ALL,
        lambda service: (
            replace(service, command=("sh", "-c", "'exec " + " ".join(service.command) + "'"))
            if service.layout != "package"
            else service
        ),
    ),
}
"""Rewrite -> the kinds of services that it can be made in, and how; none of them may be found."""


def cases() -> Iterator[tuple[str, str, Service]]:
    """Yield the name of a change, the code that has to be found (empty for none), and the changed service."""
    for name, (code, kinds, change) in FAULTS.items():
        yield from ((name, code, change(KINDS[kind](layout))) for kind in kinds for layout in LAYOUTS)
    for name, (kinds, change) in EQUIVALENTS.items():
        yield from ((name, "", change(KINDS[kind](layout))) for kind in kinds for layout in LAYOUTS)


def codes_in(service: Service, folder: Path) -> dict[str, list[str]]:
    """Return the codes that the lint finds in a service, each with the messages."""
    for path, text in service.tree().items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    config = read_config(folder, sorted(folder.rglob("pyproject.toml")))
    outcome = Linter(Tree.of(folder), config, Store(None, "")).run()
    found: dict[str, list[str]] = {}
    for problem in outcome.problems:
        if level_of(problem, config.levels) != "info":
            found.setdefault(problem.code, []).append(
                f"{problem.spot.path.name}:{problem.spot.line} {problem.message}"
            )
    return found


def main() -> int:
    """Run every case, and print a table; return 0 when the shares are what they have to be."""
    rows: dict[tuple[str, str], list[str]] = {}
    for name, code, service in cases():
        with tempfile.TemporaryDirectory() as folder:
            found = codes_in(service, Path(folder).resolve())
        good = code in found if code else not found
        where = f"{service.kind}/{service.layout}: {found or 'nothing'}"
        rows.setdefault((name, code), []).append("" if good else where)
    for (name, code), results in rows.items():
        bad = [each for each in results if each]
        print(f"{code or 'none':<7} {len(results) - len(bad):>3} of {len(results):<3} {name}")
        if "--all" in sys.argv:
            print("".join(f"            {each}\n" for each in bad), end="")
    shares = []
    for wanted in (True, False):
        told = [each for (_, code), some in rows.items() for each in some if bool(code) is wanted]
        count = sum(not each for each in told)
        shares.append(count / len(told))
        name = "faults found" if wanted else "rewrites left alone"
        print(f"{name}: {count} of {len(told)}, {shares[-1]:.1%}")
    return 0 if shares[0] >= 0.95 and shares[1] == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
