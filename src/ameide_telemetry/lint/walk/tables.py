"""Names outside of the tree that mean something at start-up: applications, clients, servers, loaders.

A name is known by its first part and its last: `fastapi.applications.FastAPI` is `fastapi`, `FastAPI`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "APPLICATIONS",
    "CALLERS",
    "CLIENTS",
    "CONTEXTS",
    "DISPATCHERS",
    "KEEPING",
    "LOADERS",
    "LOGGERS",
    "LOG_METHODS",
    "LOG_ROOTS",
    "OUR_HOOKS",
    "SERVERS",
    "SERVING_METHODS",
    "STARTUP_ARGUMENTS",
    "STARTUP_DECORATORS",
    "STARTUP_LISTS",
    "STARTUP_WORDS",
    "SWALLOWING",
    "TASKS",
    "THREADS",
    "key",
]

Key = tuple[str, str]


def key(name: str) -> Key:
    """Return the first and the last part of a dotted name."""
    return name.partition(".")[0], name.rpartition(".")[2]


def _rows(kind: str, text: str) -> dict[Key, str]:
    return {key(name): kind for name in text.split()}


APPLICATIONS: Final[Mapping[Key, str]] = {
    **_rows(
        "asgi",
        "fastapi.FastAPI starlette.Starlette quart.Quart litestar.Litestar starlite.Starlite sanic.Sanic "
        "blacksheep.Application falcon.App falcon.API robyn.Robyn django.get_asgi_application "
        "connexion.AsyncApp connexion.FastApp ninja.NinjaAPI chalice.Chalice nicegui.App "
        "gradio.Blocks panther.Panther",
    ),
    **_rows(
        "wsgi",
        "flask.Flask bottle.Bottle bottle.default_app connexion.FlaskApp connexion.App dash.Dash "
        "apiflask.APIFlask flask_openapi3.OpenAPI django.get_wsgi_application cherrypy.Application",
    ),
    **_rows("aiohttp", "aiohttp.Application tornado.Application"),
    **_rows("queue", "celery.Celery taskiq.InMemoryBroker huey.RedisHuey huey.SqliteHuey faust.App"),
    **_rows("grpc", "grpc.server grpclib.Server grpc.aio.server"),
    **_rows("mcp", "fastmcp.FastMCP mcp.FastMCP"),
}
"""Name -> the kind of application that calling it makes."""

CLIENTS: Final[frozenset[Key]] = frozenset(
    map(key, ["aiohttp.ClientSession", "grpc.insecure_channel", "grpc.secure_channel"])
)
"""Names that make a client which an instrumentor of ours misses if it was made before.

Those of httpx, requests and urllib3 are found whenever they were made: methods of their classes are replaced.
"""

SERVERS: Final[frozenset[Key]] = frozenset(
    map(
        key,
        [
            "uvicorn.run",
            "uvicorn.serve",
            "hypercorn.serve",
            "hypercorn.run",
            "waitress.serve",
            "aiohttp.run_app",
            "aiohttp._run_app",
            "werkzeug.run_simple",
            "flask.run",
            "quart.run",
            "quart.run_task",
            "sanic.run",
            "sanic.serve",
            "sanic.serve_single",
            "bottle.run",
            "granian.serve",
            "gunicorn.run",
            "cheroot.start",
            "cherrypy.quickstart",
            "cherrypy.block",
            "eventlet.server",
            "gevent.serve_forever",
            "wsgiref.serve_forever",
            "socketserver.serve_forever",
            "http.serve_forever",
            "socketio.run",
            "flask_socketio.run",
            "dash.run",
            "dash.run_server",
            "connexion.run",
            "apiflask.run",
            "flask_openapi3.run",
            "fastmcp.run",
            "fastmcp.run_async",
            "mcp.run",
            "mcp.run_stdio_async",
            "mcp.run_sse_async",
            "mcp.run_streamable_http_async",
            "celery.worker_main",
            "celery.start",
            "rq.work",
            "rq.work_horse",
            "arq.run_worker",
            "arq.run",
            "dramatiq.main",
            "huey.run_forever",
            "faust.main",
            "faust.worker",
            "taskiq.run_worker",
            "grpc.wait_for_termination",
            "grpclib.wait_closed",
            "pika.start_consuming",
            "kombu.run",
            "bullmq.run",
            "tornado.start",
            "websockets.serve",
            "asyncio.start_server",
            "asyncio.start_unix_server",
            "asyncio.run_forever",
            "asyncio.serve_forever",
            "temporalio.run",
            "apscheduler.start",
            "schedule.run_pending",
            "procrastinate.run_worker_async",
            "procrastinate.run_worker",
            "streamlit.run",
            "robyn.start",
            "litestar.run",
            "gradio.launch",
            "nicegui.run",
            "locust.main",
            "aio_pika.run_forever",
            "discord.run",
            "telegram.run_polling",
            "aiogram.start_polling",
            "slack_bolt.start",
            "slack_bolt.start_async",
            "nats.run_forever",
            "daphne.run",
        ],
    )
)
"""Names that, when they are called, serve and do not come back."""

SERVING_METHODS: Final = frozenset(
    {
        "run_forever",
        "serve_forever",
        "start_consuming",
        "wait_for_termination",
        "worker_main",
        "run_worker",
        "run_polling",
    }
)
"""Methods that serve, whatever they belong to."""

STARTUP_ARGUMENTS: Final = ("lifespan", "on_startup", "on_app_init", "startup")
"""Arguments of an application that are called when it starts up."""
STARTUP_LISTS: Final = frozenset({"on_startup", "cleanup_ctx", "before_serving_funcs"})
"""Attributes of an application that callables are appended to."""
STARTUP_WORDS: Final = frozenset(
    {"startup", "before_server_start", "main_process_start", "after_server_start"}
)
"""First arguments that make `on_event`, `add_event_handler`, `listener` a matter of start-up."""
STARTUP_DECORATORS: Final = frozenset(
    {
        "before_serving",
        "while_serving",
        "before_server_start",
        "main_process_start",
        "main_process_ready",
        "after_server_start",
        "before_first_request",
        "on_startup",
        "startup",
    }
)
"""Methods of an application that take a callable for its start-up."""

OUR_HOOKS: Final = frozenset(
    {
        "ameide_telemetry.integrations.gunicorn.post_fork",
        "ameide_telemetry.integrations.gunicorn",
        "ameide_telemetry.integrations.celery.flush_at_worker_exit",
    }
)
"""What of ours takes care of each child."""

LOADERS: Final[frozenset[Key]] = frozenset(
    map(
        key,
        [
            "importlib.import_module",
            "builtins.__import__",
            "django.import_string",
            "werkzeug.import_string",
            "pydoc.locate",
            "importlib.find_spec",
            "celery.import_from_cwd",
            "zope.resolve",
            "pkgutil.resolve_name",
        ],
    )
)
"""Names that load a module or an attribute by its dotted name."""
CALLERS: Final[frozenset[Key]] = frozenset(
    map(
        key,
        [
            "anyio.run",
            "trio.run",
            "asyncio.to_thread",
            "typer.run",
            "fire.Fire",
            "absl.run",
            "uvloop.run",
            "asyncio.run",
            "tornado.run_sync",
            "werkzeug.run_with_reloader",
            "watchfiles.run_process",
            "asyncio.run_until_complete",
            "plac.call",
            "hupper.start_reloader",
            "curio.run",
            "defopt.run",
            "tyro.cli",
            "contextvars.run",
            "functools.reduce",
            "timeit.timeit",
        ],
    )
)
"""Names that call the function that they are given first."""
DISPATCHERS: Final[frozenset[Key]] = frozenset(map(key, ["typer.Typer", "click.Group", "cyclopts.App"]))
"""Names of objects that, when they are called, call one of the functions that were registered with them."""
CONTEXTS: Final = frozenset({"asynccontextmanager", "contextmanager"})
THREADS: Final[frozenset[Key]] = frozenset(
    map(
        key,
        [
            "threading.Thread",
            "threading.Timer",
            "multiprocessing.Process",
            "multiprocessing.get_context.Process",
        ],
    )
)
"""Names of objects that start a thread or process by `start()`."""
LOGGERS: Final[frozenset[Key]] = frozenset(
    map(
        key,
        ["logging.getLogger", "structlog.get_logger", "structlog.getLogger", "ameide_telemetry.get_logger"],
    )
)
"""Names that give a logger."""
LOG_METHODS: Final = frozenset(
    {"info", "warning", "warn", "error", "exception", "critical", "fatal", "log", "msg"}
)
"""Methods of a logger that write a line; `debug` is left out, which nobody hears by default."""
LOG_ROOTS: Final = frozenset({"logging", "loguru.logger"})
"""What has these methods without being made."""
KEEPING: Final[frozenset[Key]] = frozenset({("functools", "cache"), ("functools", "lru_cache")})
"""Decorators that keep what a function gave."""
TASKS: Final = frozenset(
    {"create_task", "ensure_future", "run_coroutine_threadsafe", "start_soon", "add_task"}
)
"""Functions that run a coroutine when its turn comes."""
SWALLOWING: Final[frozenset[Key]] = frozenset({("contextlib", "suppress")})
