"""Faults that are put into green services: what has to be found is known by construction."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from lint.samples import (
    ALL,
    IMPORT,
    INIT,
    LOG,
    SERVED,
    Change,
    Service,
    after_init,
    below,
    both,
    files,
    first,
    head,
    init,
    words_first,
    words_last,
)

__all__ = ["FAULTS"]

_LIFESPAN: Final = (
    "",
    "@asynccontextmanager",
    "async def lifespan(app):",
    f"    {INIT}",
    "    yield",
    "",
)


def _into_lifespan(service: Service) -> Service:
    app = tuple(row.replace("FastAPI()", "FastAPI(lifespan=lifespan)") for row in service.app)
    imports = ("from contextlib import asynccontextmanager", *service.imports)
    return replace(service, imports=imports, init=_LIFESPAN, app=app)


def _other_role(service: Service) -> Service:
    """A second process of the service has a module of its own, without the call."""
    roots = {"flat": "PYTHONPATH=.. ", "package": "PYTHONPATH=src ", "monorepo": ""}
    name = "other/Procfile" if service.layout == "flat" else "Procfile"
    made = {"other.py": "from fastapi import FastAPI\n\napp = FastAPI()\n"}
    process = {name: f"web: {roots[service.layout]}uvicorn other:app\n"}
    return both(files(made), files(process, beside=True))(service)


def _library(service: Service) -> Service:
    """A module that another service imports too calls it."""
    other = {
        "billing/requirements.txt": "ameide-telemetry\n",
        "billing/Procfile": "web: PYTHONPATH=..:../src uvicorn main:app\n",
        "billing/main.py": "import boot\nfrom fastapi import FastAPI\n\napp = FastAPI()\n",
    }
    moved = both(files({"boot.py": f"{IMPORT}\n\n{INIT}\n"}), files(other, beside=True))(service)
    return replace(moved, imports=("import boot", *service.imports), init=())


FAULTS: Final[dict[str, tuple[str, tuple[str, ...], Change]]] = {
    "init deleted": ("TEL101", ALL, init()),
    "init in a helper that nobody calls": ("TEL101", ALL, init("", "def boot():", f"    {INIT}", "")),
    "init in a method that nobody calls": (
        "TEL101",
        ALL,
        init("", "class Boot:", "    def start(self):", f"        {INIT}", "", "boot = Boot()"),
    ),
    "init in a lambda that nobody calls": ("TEL101", ALL, init('boot = lambda: init_telemetry("shop")')),
    "init in a coroutine that nobody awaits": (
        "TEL101",
        ALL,
        init("", "async def boot():", f"    {INIT}", "", "boot()"),
    ),
    "init in a generator that nobody asks": (
        "TEL101",
        ALL,
        init("", "def boot():", f"    {INIT}", "    yield", "", "boot()"),
    ),
    "init behind a return": (
        "TEL101",
        ALL,
        init("", "def boot():", "    return", f"    {INIT}", "", "boot()"),
    ),
    "init of another library's name": ("TEL101", ALL, both(head("from shoplib import init_telemetry"))),
    "init shadowed": ("TEL101", ALL, first("", "def init_telemetry(name):", "    return name", "")),
    "init under the guard of a server": (
        "TEL101",
        (*SERVED, "celery"),
        lambda service: replace(service, init=(), end=('if __name__ == "__main__":', f"    {INIT}")),
    ),
    "init in a request": (
        "TEL101",
        SERVED,
        lambda service: replace(service, init=(), end=("", '@app.get("/x")', "def x():", f"    {INIT}")),
    ),
    "init for type checkers": (
        "TEL101",
        ALL,
        both(head("from typing import TYPE_CHECKING"), init("if TYPE_CHECKING:", f"    {INIT}")),
    ),
    "init below the application": ("TEL102", SERVED, below),
    "init last in a factory": (
        "TEL102",
        ("fastapi",),
        lambda service: replace(
            service,
            init=("", "def make():", "    made = FastAPI()", f"    {INIT}", "    return made", ""),
            app=("app = make()",),
        ),
    ),
    "init in the lifespan": ("TEL103", ("fastapi",), _into_lifespan),
    "init on start-up": (
        "TEL103",
        ("fastapi",),
        lambda service: replace(
            service, init=(), end=("", '@app.on_event("startup")', "def begin():", f"    {INIT}")
        ),
    ),
    "init under a flag": (
        "TEL104",
        ALL,
        both(head("import os"), init('if os.environ.get("DEBUG"):', f"    {INIT}")),
    ),
    "init behind an early return": (
        "TEL104",
        ALL,
        both(
            head("import os"),
            init(
                "",
                "def boot():",
                '    if os.environ.get("LOCAL"):',
                "        return",
                f"    {INIT}",
                "",
                "boot()",
            ),
        ),
    ),
    "init behind `and`": (
        "TEL104",
        ALL,
        both(head("import os"), init('os.environ.get("T") and init_telemetry("shop")')),
    ),
    "init only where an import fails": (
        "TEL104",
        ALL,
        init("try:", "    import fast", "except ImportError:", f"    {INIT}"),
    ),
    "workers that fork after the import": ("TEL105", ("flask",), words_last("--preload")),
    "two calls": ("TEL107", ALL, after_init('init_telemetry("shop", version="2")')),
    "a wrapper of OpenTelemetry": ("TEL107", ALL, words_first("opentelemetry-instrument")),
    "a wrapper of Datadog": ("TEL107", ALL, words_first("ddtrace-run")),
    "a line before init": (
        "TEL108",
        ALL,
        both(
            files({"early.py": 'import logging\n\nlogging.getLogger(__name__).warning("early")\n'}),
            lambda service: replace(service, init=("import early", *service.init)),
        ),
    ),
    "the SDK by hand": (
        "TEL201",
        ALL,
        both(
            head("from opentelemetry import trace", "from opentelemetry.sdk.trace import TracerProvider"),
            after_init("trace.set_tracer_provider(TracerProvider())"),
        ),
    ),
    "the SDK by another name": (
        "TEL201",
        ALL,
        both(head("import opentelemetry.sdk.trace as sdk"), after_init("provider = sdk.TracerProvider()")),
    ),
    "an exporter in a function": (
        "TEL201",
        ALL,
        after_init(
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
        ALL,
        both(head("from opentelemetry.propagate import set_global_textmap as s"), after_init("s(None)")),
    ),
    "basicConfig": ("TEL202", ALL, both(head("import logging"), after_init("logging.basicConfig()"))),
    "basicConfig by an alias": (
        "TEL202",
        ALL,
        both(head("from logging import basicConfig as b"), after_init("b(level=10)")),
    ),
    "basicConfig by a variable": (
        "TEL202",
        ALL,
        both(head("import logging as L"), after_init("configure = L.basicConfig", "configure()")),
    ),
    "a dictionary of logging": (
        "TEL202",
        ALL,
        both(head("import logging.config"), after_init('logging.config.dictConfig({"version": 1})')),
    ),
    "a handler at the root": (
        "TEL202",
        ALL,
        both(
            head("import logging"),
            after_init("root = logging.getLogger()", "root.addHandler(logging.StreamHandler())"),
        ),
    ),
    "a logging file of the server": (
        "TEL202",
        ("fastapi",),
        both(words_last("--log-config", "logging.conf"), files({"logging.conf": "[loggers]\nkeys=root\n"})),
    ),
    "another telemetry library": (
        "TEL203",
        ALL,
        both(head("import logfire as lf"), after_init("lf.configure()")),
    ),
    "Sentry that traces": (
        "TEL203",
        ALL,
        both(head("import sentry_sdk"), after_init('sentry_sdk.init("dsn", traces_sample_rate=1.0)')),
    ),
    "basicConfig by getattr": (
        "TEL204",
        ALL,
        both(head("import logging"), after_init('getattr(logging, "basicConfig")()')),
    ),
    "the SDK by its name": (
        "TEL204",
        ALL,
        both(head("import importlib"), after_init('importlib.import_module("opentelemetry.sdk.trace")')),
    ),
    "a print": ("TEL301", ALL, after_init('print("started")')),
    "a value in the event": (
        "TEL302",
        ALL,
        both(head("import logging"), after_init("name = 1", 'logging.getLogger("a").info(f"for {name}")')),
    ),
    "a key of the log record": (
        "TEL303",
        ALL,
        both(head("import logging"), after_init('logging.getLogger("a").info("x", extra={"message": 1})')),
    ),
    "a tenant on a metric": (
        "TEL304",
        ALL,
        both(
            head("from opentelemetry import metrics"),
            after_init(
                'counter = metrics.get_meter("a").create_counter("n")',
                'counter.add(1, {"tenant_id": "acme"})',
            ),
        ),
    ),
    "an address in a log call": (
        "TEL305",
        ALL,
        both(head(LOG), after_init("user = None", 'get_logger("a").info("paid", email=user)')),
    ),
    "a dependency that is not declared": (
        "TEL401",
        ALL,
        lambda service: replace(service, dependencies=("requests",)),
    ),
    "a target that is not there": (
        "TEL002",
        (*SERVED, "celery"),
        lambda service: replace(
            service, command=tuple(word.replace("{module}", "{module}s") for word in service.command)
        ),
    ),
    "an error in the entry module": ("TEL001", ALL, after_init("def (:")),
    "an error on the way": (
        "TEL001",
        ALL,
        both(
            files({"broken.py": "def (:\n"}),
            lambda service: replace(service, init=("import broken", *service.init)),
        ),
    ),
    "a comment without a reason": ("TEL004", ALL, after_init('print("x")  # telemetry: ignore[TEL301]')),
    "a comment that is stale": ("TEL003", ALL, after_init("x = 1  # telemetry: ignore[TEL301] for people")),
    "a stub at the end of two re-exports": (
        "TEL101",
        ALL,
        both(
            files(
                {
                    "one.py": "def begin(name):\n    return name\n",
                    "two.py": "from one import begin as init_telemetry\n",
                }
            ),
            head("from two import init_telemetry"),
        ),
    ),
    "init in one of two roles": (
        "TEL104",
        ALL,
        both(head("import sys"), init('if sys.argv[1:] == ["web"]:', f"    {INIT}")),
    ),
    "init of one role of two": ("TEL101", ("fastapi", "flask", "celery"), _other_role),
    "init in a library": ("TEL106", ("fastapi", "flask", "celery", "grpc"), _library),
    "a hook that is connected to nothing": (
        "TEL101",
        ("celery",),
        init("", "def boot(**kwargs):", f"    {INIT}", ""),
    ),
    "a client before init": (
        "TEL102",
        ALL,
        both(head("import grpc as rpc"), first('channel = rpc.insecure_channel("prices:50051")')),
    ),
    "init in a thread": (
        "TEL104",
        ALL,
        both(
            head("import threading"),
            init("", "def boot():", f"    {INIT}", "", "threading.Thread(target=boot).start()"),
        ),
    ),
    "preload in a config file without our hooks": (
        "TEL105",
        ("flask",),
        both(words_last("-c", "conf.py"), files({"conf.py": "preload_app = True\n"})),
    ),
    "a logging file of gunicorn": ("TEL202", ("flask",), words_last("--log-config", "logging.conf")),
    "a logging file in a config file": (
        "TEL202",
        ("flask",),
        both(words_last("-c", "conf.py"), files({"conf.py": 'logconfig = "logging.conf"\n'})),
    ),
    "structlog": (
        "TEL202",
        ALL,
        both(
            head("import structlog as s"), after_init("s.configure(processors=[s.processors.JSONRenderer()])")
        ),
    ),
    "loguru": (
        "TEL202",
        ALL,
        both(head("from loguru import logger as log"), after_init('log.add("shop.log")')),
    ),
    "a wrapper of New Relic": ("TEL107", ALL, words_first("newrelic-admin", "run-program")),
    "an application by its name": (
        "TEL002",
        SERVED,
        lambda service: replace(
            service,
            imports=("import importlib", "import os"),
            init=(),
            app=('app = importlib.import_module(os.environ["SHOP"]).app',),
        ),
    ),
    "a bare thread in a request": (
        "TEL306",
        SERVED,
        lambda service: replace(
            service,
            imports=("import threading", *service.imports),
            end=("", '@app.get("/x")', "def x():", "    threading.Thread(target=x).start()"),
        ),
    ),
    "a percent sign in the event": (
        "TEL302",
        ALL,
        both(head("import logging"), after_init("name = 1", 'logging.getLogger("a").info("for %s" % name)')),
    ),
}
"""Fault -> the code that has to be found, the kinds of services that it can be put into, and how."""
