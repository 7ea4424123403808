"""Green sample services, five kinds in three layouts, and what they are changed with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

__all__ = [
    "ALL",
    "IMPORT",
    "INIT",
    "KINDS",
    "LAYOUTS",
    "LOG",
    "SERVED",
    "Change",
    "Service",
    "after_init",
    "below",
    "both",
    "files",
    "first",
    "head",
    "init",
    "words_first",
    "words_last",
]

IMPORT: Final = "from ameide_telemetry import init_telemetry"
INIT: Final = 'telemetry = init_telemetry("shop")'
LOG: Final = "from ameide_telemetry import get_logger"


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
    init: tuple[str, ...] = (INIT,)
    end: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    beside: dict[str, str] = field(default_factory=dict)
    dependencies: tuple[str, ...] = ("ameide-telemetry",)

    @property
    def text(self) -> str:
        """The entry module."""
        return "\n".join([IMPORT, *self.imports, "", *self.init, *self.app, *self.end, ""])

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
ALL: Final = tuple(KINDS)
SERVED: Final = ("fastapi", "flask")


def head(*rows: str) -> Change:
    return lambda service: replace(service, imports=(*service.imports, *rows))


def init(*rows: str) -> Change:
    return lambda service: replace(service, init=rows)


def after_init(*rows: str) -> Change:
    return lambda service: replace(service, init=(*service.init, *rows))


def first(*rows: str) -> Change:
    return lambda service: replace(service, init=(*rows, *service.init))


def below(service: Service) -> Service:
    return replace(service, init=(), end=(*service.init, *service.end))


def words_first(*words: str) -> Change:
    return lambda service: replace(service, command=(*words, *service.command))


def words_last(*words: str) -> Change:
    return lambda service: replace(service, command=(*service.command, *words))


def both(*changes: Change) -> Change:
    def change(service: Service) -> Service:
        for each in changes:
            service = each(service)
        return service

    return change


def files(files: dict[str, str], *, beside: bool = False) -> Change:
    def change(service: Service) -> Service:
        if beside:
            return replace(service, beside={**service.beside, **files})
        return replace(service, files={**service.files, **files})

    return change
