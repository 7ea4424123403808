"""Rewrites of green services that change nothing; none of them may be found."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Final

from lint.samples import (
    ALL,
    IMPORT,
    INIT,
    SERVED,
    Change,
    Service,
    after_init,
    both,
    files,
    first,
    head,
    init,
    words_first,
    words_last,
)

__all__ = ["EQUIVALENTS"]


def _unparsed(service: Service) -> Service:
    text = ast.unparse(ast.parse(service.text))
    return replace(service, imports=(), init=(text.replace(IMPORT, "", 1),), app=(), end=())


EQUIVALENTS: Final[dict[str, tuple[tuple[str, ...], Change]]] = {
    "as it is": (ALL, lambda service: service),
    "formatted by the interpreter": (ALL, _unparsed),
    "comments and blank rows": (ALL, first("", "# Telemetry comes first.", "")),
    "an alias of the import": (
        ALL,
        both(head("from ameide_telemetry import init_telemetry as begin"), init('telemetry = begin("shop")')),
    ),
    "by the name of the package": (
        ALL,
        both(head("import ameide_telemetry as at"), init('telemetry = at.init_telemetry("shop")')),
    ),
    "in a helper": (ALL, init("", "def boot():", '    return init_telemetry("shop")', "", "boot()")),
    "in a helper with arguments": (
        ALL,
        init("", "def boot(name, *, start=init_telemetry):", "    return start(name)", "", 'boot("shop")'),
    ),
    "in a module": (
        ALL,
        both(files({"boot.py": f"{IMPORT}\n\n{INIT}\n"}), init("import boot")),
    ),
    "in a function of a module": (
        ALL,
        both(
            files({"boot.py": f'{IMPORT}\n\n\ndef boot():\n    return init_telemetry("shop")\n'}),
            init("from boot import boot", "telemetry = boot()"),
        ),
    ),
    "through two re-exports": (
        ALL,
        both(
            files(
                {
                    "one.py": f"{IMPORT}\n\nbegin = init_telemetry\n",
                    "two.py": "from one import begin as start\n\n__all__ = ['start']\n",
                }
            ),
            init("from two import start", 'telemetry = start("shop")'),
        ),
    ),
    "through a star": (
        ALL,
        both(files({"one.py": f"{IMPORT}\n"}), init("from one import *", INIT)),
    ),
    "in a package's own file": (
        ALL,
        both(
            files(
                {
                    "boots/__init__.py": "from .inner import boot\n",
                    "boots/inner.py": f'{IMPORT}\n\n\ndef boot():\n    return init_telemetry("shop")\n',
                }
            ),
            init("from boots import boot", "telemetry = boot()"),
        ),
    ),
    "by partial": (
        ALL,
        both(head("from functools import partial"), init('boot = partial(init_telemetry, "shop")', "boot()")),
    ),
    "by a literal import": (
        ALL,
        both(
            head("import importlib"),
            init('importlib.import_module("ameide_telemetry").init_telemetry("shop")'),
        ),
    ),
    "in a method": (
        ALL,
        init(
            "",
            "class Boot:",
            "    def start(self):",
            '        return init_telemetry("shop")',
            "",
            "Boot().start()",
        ),
    ),
    "in a constructor": (
        ALL,
        init(
            "",
            "class Boot:",
            "    def __init__(self):",
            '        self.t = init_telemetry("shop")',
            "",
            "boot = Boot()",
        ),
    ),
    "in the body of a class": (ALL, init("", "class Boot:", f"    {INIT}", "")),
    "in both arms": (
        ALL,
        both(
            head("import os"),
            init('if os.environ.get("A"):', f"    {INIT}", "else:", f"    {INIT}"),
        ),
    ),
    "in `with`": (
        ALL,
        both(head("from contextlib import nullcontext"), init("with nullcontext():", f"    {INIT}")),
    ),
    "in `try`": (ALL, init("try:", f"    {INIT}", "finally:", "    pass")),
    "in a loop over names": (ALL, init("for start in (init_telemetry,):", '    start("shop")')),
    "names of one's own": (
        ALL,
        both(head("import logging"), after_init('log = logging.getLogger("shop")', 'log.info("started")')),
    ),
    "meters and tracers of the API": (
        ALL,
        both(
            head("from opentelemetry import metrics, trace"),
            after_init("meter = metrics.get_meter(__name__)", "tracer = trace.get_tracer(__name__)"),
        ),
    ),
    "a local object called logging": (
        ALL,
        after_init(
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
        ALL,
        files({"tests/test_a.py": "import logging\n\nlogging.basicConfig()\nprint(1)\n"}, beside=True),
    ),
    "a script that prints": (
        ALL,
        files({"scripts/report.py": 'import logging\n\nlogging.basicConfig()\nprint("x")\n'}, beside=True),
    ),
    "imports in another order": (
        ALL,
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
            app=("", "def make():", f"    {INIT}", "    return FastAPI()"),
            command=("uvicorn", "--factory", "{module}:make"),
        ),
    ),
    "instrument_app around it": (
        SERVED,
        lambda service: replace(service, end=("app = telemetry.instrument_app(app)",)),
    ),
    "our hooks with preload": (
        ("flask",),
        words_last("--preload", "-c", "python:ameide_telemetry.integrations.gunicorn"),
    ),
    "wrappers that are none": (ALL, words_first("exec", "env", "A=b", "nice", "-n", "5")),
    "by sh -c": (
        ALL,
        lambda service: (
            replace(service, command=("sh", "-c", "'exec " + " ".join(service.command) + "'"))
            if service.layout != "package"
            else service
        ),
    ),
    "in an expression": (ALL, init('assert (telemetry := init_telemetry("shop")), "never"')),
    "over several rows": (ALL, init("telemetry = (", "    init_telemetry(", '        "shop",', "    )", ")")),
    "with an annotation": (ALL, init('telemetry: object = init_telemetry(name="shop")')),
    "through four helpers": (
        ALL,
        init(
            "",
            "def one():",
            '    return init_telemetry("shop")',
            "",
            "def two():",
            "    return one()",
            "",
            "def three():",
            "    return two()",
            "",
            "def four():",
            "    return three()",
            "",
            "telemetry = four()",
        ),
    ),
    "by a decorator": (
        ALL,
        init(
            "",
            "def boot(function):",
            f"    {INIT}",
            "    return function",
            "",
            "@boot",
            "def any():",
            "    pass",
        ),
    ),
    "in a class method": (
        ALL,
        init(
            "",
            "class Boot:",
            "    @classmethod",
            "    def start(cls):",
            '        return init_telemetry("shop")',
            "",
            "Boot.start()",
        ),
    ),
    "from a table": (ALL, init('STEPS = {"telemetry": init_telemetry}', 'STEPS["telemetry"]("shop")')),
    "errors put aside": (
        ALL,
        both(head("from contextlib import suppress"), init("with suppress(Exception):", f"    {INIT}")),
    ),
    "an import that may fail": (
        ALL,
        first("try:", "    import uvloop", "except ImportError:", "    uvloop = None"),
    ),
    "the documented switch": (
        ALL,
        both(head("import os"), init('if os.environ.get("OTEL_SDK_DISABLED") != "true":', f"    {INIT}")),
    ),
    "a thread that carries the context": (
        SERVED,
        lambda service: replace(
            service,
            imports=(
                "import threading",
                "from ameide_telemetry.integrations.threads import carry_context",
                *service.imports,
            ),
            end=("", '@app.get("/x")', "def x():", "    threading.Thread(target=carry_context(x)).start()"),
        ),
    ),
}
"""Rewrite -> the kinds of services that it can be made in, and how; none of them may be found."""
