"""Calls that raise nothing in practice, and what a few others raise: asked where an exception is ended."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.attributes import dotted
from ameide_telemetry.lint.walk.tables import LOG_METHODS, LOGGERS, key
from ameide_telemetry.lint.walk.values import (
    Class,
    Constant,
    External,
    Function,
    Group,
    Instance,
    Member,
    Partial,
    Setting,
    Table,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ameide_telemetry.lint.walk.values import Arguments, Value

__all__ = ["PLAIN_BASES", "has_item", "raised_by"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BUILTINS: Final = _words(
    "all any bool bytearray callable classmethod dict dir enumerate filter frozenset getattr globals "
    "hasattr hash id isinstance issubclass iter len list locals map object print property range repr "
    "reversed set slice staticmethod str super tuple type vars zip"
)
_FUNCTIONS: Final = _words(
    "asyncio.Event asyncio.Lock asyncio.create_task asyncio.gather asyncio.get_event_loop "
    "asyncio.new_event_loop asyncio.run asyncio.set_event_loop asyncio.sleep atexit.register "
    "collections.OrderedDict collections.defaultdict collections.deque contextlib.AsyncExitStack "
    "contextlib.ExitStack contextlib.asynccontextmanager contextlib.contextmanager "
    "contextlib.nullcontext contextlib.suppress datetime.datetime.now datetime.datetime.utcnow "
    "datetime.timedelta dotenv.find_dotenv dotenv.load_dotenv fastapi.APIRouter fastapi.FastAPI "
    "faulthandler.enable flask.Blueprint flask.Flask functools.cache functools.lru_cache "
    "functools.partial functools.wraps gc.collect gc.disable gc.freeze logging.Formatter "
    "logging.NullHandler logging.StreamHandler logging.basicConfig logging.captureWarnings "
    "logging.disable logging.getLevelName logging.getLogger os.cpu_count os.environ.copy os.environ.get "
    "os.environ.items os.environ.pop os.environ.setdefault os.fspath os.getenv os.getpid "
    "os.path.abspath os.path.basename os.path.dirname os.path.exists os.path.expanduser os.path.isdir "
    "os.path.isfile os.path.join os.path.realpath os.path.splitext os.putenv os.uname pathlib.Path "
    "pathlib.PurePath platform.node platform.python_version platform.system re.compile signal.signal "
    "socket.gethostname starlette.applications.Starlette sys.getrecursionlimit sys.path.append "
    "sys.path.insert sys.stderr.flush sys.stderr.write sys.stdout.flush sys.stdout.write "
    "threading.Event threading.Lock threading.RLock threading.Thread time.monotonic time.perf_counter "
    "time.sleep time.time time.time_ns traceback.format_exc traceback.print_exc types.SimpleNamespace "
    "typing.NamedTuple typing.TypeVar typing.cast uuid.uuid4 warnings.catch_warnings "
    "warnings.filterwarnings warnings.simplefilter warnings.warn"
)
_TEXT: Final = _words(
    "capitalize casefold endswith format isalpha isdigit lower lstrip partition removeprefix "
    "removesuffix rpartition rsplit rstrip splitlines startswith strip title upper zfill"
)
"""Methods of texts, which nothing else has."""
_METHODS: Final = _TEXT | _words(
    "absolute add addFilter addHandler add_argument add_middleware append as_posix clear copy count "
    "debug exists extend get include_router insert is_dir is_file items joinpath keys replace resolve "
    "set setFormatter setLevel setdefault split update values with_name with_suffix"
)
"""Methods of dictionaries, lists, paths, loggers and applications."""
_HOMES: Final = _words(
    "contextlib builtins collections datetime fastapi flask logging os pathlib platform starlette types uuid"
)
_LOGGERS: Final = _words("logger log LOG LOGGER _logger _log logging")
_KINDS: Final[Mapping[str, type[BaseException]]] = {
    "builtins.int": ValueError,
    "builtins.float": ValueError,
    "builtins.open": OSError,
    "json.loads": ValueError,
    "os.mkdir": OSError,
    "os.makedirs": OSError,
    "os.chdir": OSError,
    "sys.exit": SystemExit,
    "builtins.exit": SystemExit,
    "builtins.quit": SystemExit,
    "importlib.metadata.version": ImportError,
}
_TAKING: Final[Mapping[str, type[BaseException]]] = {
    "pop": LookupError,
    "popitem": LookupError,
    "remove": ValueError,
    "index": ValueError,
}
PLAIN_BASES: Final = _words(
    "abc.ABC builtins.dict builtins.list builtins.object builtins.str typing.Generic typing.NamedTuple "
    "typing.Protocol"
)
"""Bases whose objects are made without anything being raised."""


def raised_by(called: Value, given: Arguments) -> type[BaseException] | None:
    """Return what a call of something that is not walked may raise; None if that is nothing in practice."""
    if isinstance(called, Partial):
        return raised_by(called.function, given)
    name = dotted(called)
    if isinstance(called, Member):
        return _of_member(called, given)
    if name in _KINDS or not isinstance(called, (External, Instance)):
        return _KINDS.get(name, Exception)
    home, _, last = name.rpartition(".")
    if home == "builtins":
        kind = getattr(builtins, last, None)
        plain = last in _BUILTINS or (isinstance(kind, type) and issubclass(kind, BaseException))
        return None if plain and not (last == "getattr" and len(given.places) == 2) else Exception  # noqa: PLR2004
    if name == "os.environ.pop":
        return None if len(given.all()) > 1 else LookupError
    logs = last in LOG_METHODS and (key(home) in LOGGERS or home.rpartition(".")[2] in _LOGGERS)
    return None if name in _FUNCTIONS or key(name) in LOGGERS or logs else Exception


def _of_member(called: Member, given: Arguments) -> type[BaseException] | None:
    base, home = called.base, dotted(called.base)
    if isinstance(base, Constant) and base.value is None:
        return AttributeError
    if isinstance(base, (Constant, Setting, Group, Table)):
        return None if _is_taken(base, given) else _TAKING.get(called.name)
    if called.name in LOG_METHODS | {"debug"} and key(home) in LOGGERS:
        return None
    methods = _METHODS if home.partition(".")[0] in _HOMES else frozenset() if home else _TEXT
    return None if called.name in methods else Exception


def _is_taken(base: Value, given: Arguments) -> bool:
    """Return whether what a call takes out of something is there, or need not be."""
    first = given.get(0)
    if len(given.all()) > 1 and isinstance(base, Table):
        return True
    known = isinstance(base, Table) and isinstance(first, Constant) and first.value in base.items
    return known or (isinstance(base, Group) and bool(base.items) and not given.places)


def fits(called: Function, given: Arguments) -> bool:
    """Return whether a function can be called with arguments, as far as they are known."""
    spec = called.node.args
    names = [each.arg for each in (*spec.posonlyargs, *spec.args)]
    count = len(given.places) + (called.bound is not None and called.way != "static")
    keywords = {each.arg for each in spec.kwonlyargs}
    needed = {*names[count:], *keywords} - called.defaults.keys() - given.names.keys()
    more = count > len(names) and not spec.vararg
    unknown = given.names.keys() - {*names, *keywords} and not spec.kwarg
    return not given.whole or not (needed or more or unknown)


def has_item(base: Value, index: Value, node: ast.Subscript) -> bool:
    """Return whether asking for an item of something raises nothing in practice."""
    if isinstance(node.slice, ast.Slice):
        return True
    if isinstance(base, Class):
        return base.fixed or (isinstance(index, Constant) and base.lookup(str(index.value)) is not None)
    if isinstance(base, External):
        return base.name.startswith(("typing.", "builtins.", "collections."))
    plain = index.value if isinstance(index, Constant) else None
    if isinstance(base, Table):
        return plain in base.items
    return isinstance(base, Group) and isinstance(plain, int) and -len(base.items) <= plain < len(base.items)
