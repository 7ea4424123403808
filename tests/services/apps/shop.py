"""A Flask service; telemetry starts while this module is imported."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from flask import Flask, Response, request

from ameide_telemetry import init_telemetry
from services.apps import provocations
from services.apps.provocations import Marks

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["app"]

app = Flask(__name__)
# Flask gives its logger a console handler of its own when it is first used.
app.logger.setLevel("INFO")


def marks_of() -> Marks:
    """Bind the tenant and return the marks of this request."""
    provocations.bind(request.headers.get("x-tenant"))
    return Marks(request.headers["x-token"])


@app.get("/ready")
def ready() -> str:
    """Answer."""
    return "ready"


@app.get("/sync/<name>")
def provoke(name: str) -> str:
    """Run a provocation."""
    marks = marks_of()
    provocations.provoke(name, marks)
    return marks.text


@app.get("/own")
def own() -> str:
    """Write what only Flask and WSGI have."""
    marks = marks_of()
    app.logger.warning("app.logger %s", marks("app_logger"))
    request.environ["wsgi.errors"].write(f"{marks('wsgi_errors')}\n")
    return marks.text


@app.get("/stream")
def stream() -> Response:
    """Answer in pieces, with a line for each."""
    marks = marks_of()

    def pieces() -> Iterator[str]:
        for number in range(3):
            app.logger.info(marks(f"piece_{number}"))
            yield f"piece_{number} "

    return Response(pieces())


if not os.environ.get("WITHOUT_TELEMETRY"):
    init_telemetry(app=app)
