"""structlog's side: its loggers end in the same lines as stdlib logging, whenever they were made.

structlog keeps its processors in a list that every logger refers to, also those bound long before
telemetry started. The list is therefore changed in place, as structlog's own `capture_logs` does, so that
early and cached loggers take part. Renderers and processors that only repeat what a line has anyway
(time, level, logger name) are left out; the rest of the service's own processors stay and run.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

import structlog
from structlog import DropEvent

from ameide_telemetry import guard
from ameide_telemetry.logs.chain import (
    LEVEL_FIELD,
    LEVELS,
    Beginning,
    Terminal,
    set_aside,
    without_fields,
)
from ameide_telemetry.logs.event import level_name
from ameide_telemetry.values.foreign import contained
from ameide_telemetry.values.text import exact, key_text, type_name, valid

if TYPE_CHECKING:
    from collections.abc import Callable

    from structlog.typing import Processor

    from ameide_telemetry.logs.handler import LineWriter

__all__ = ["BoundLogger", "StructlogWiring", "get_logger"]

_PROCESSOR: Final = guard.site("logs.structlog_processor", foreign=True)
_REPLACED: Final = (
    structlog.processors.TimeStamper,
    structlog.processors.JSONRenderer,
    structlog.processors.KeyValueRenderer,
    structlog.processors.LogfmtRenderer,
    structlog.processors.ExceptionRenderer,
    structlog.dev.ConsoleRenderer,
    structlog.processors.StackInfoRenderer,
    structlog.stdlib.PositionalArgumentsFormatter,
    structlog.stdlib.ProcessorFormatter,
)
_REPLACED_FUNCTIONS: Final = frozenset(
    {
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.filter_by_level,
        structlog.stdlib.render_to_log_kwargs,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        structlog.contextvars.merge_contextvars,
        structlog.dev.set_exc_info,
    }
)


class BoundLogger(structlog.stdlib.BoundLogger):
    """structlog's stdlib logger, made total: no call raises, whatever its arguments are."""

    def _proxy_to_logger(  # type: ignore[override]
        self, method_name: str, /, event: str | None = None, *event_args: Any, **event_kw: Any
    ) -> Any:
        return self._say(method_name, event, event_args, event_kw)

    def _say(
        self,
        method: str,
        event: object,
        args: tuple[Any, ...],
        fields: dict[str, Any],
        level: int | None = None,
    ) -> Any:
        running: Processor | None = None
        event_dict: Any = {}
        with _PROCESSOR:
            try:
                event_dict = self._event_dict(event, args, fields)
                processors = cast("list[Processor]", self._processors)
                if processors and type(processors[0]) is Beginning:
                    event_dict[LEVEL_FIELD] = LEVELS.get(method, logging.INFO) if level is None else level
                for processor in processors:
                    running = processor
                    if type(processor) is Terminal:
                        said = processor.event_of(self._logger, method, event_dict)
                        # From here on, what fails is a filter or a handler and no processor.
                        running = None
                        return processor.write(self._logger, said)
                    result = processor(self._logger, method, event_dict)
                    # What a chain of the service's own returns at its end is for the logger behind it.
                    if type(result) is dict or processor is processors[-1] or _is_event_dict(result):
                        event_dict = result
                running = None
            except DropEvent:
                return None
        if running is not None:
            return _PROCESSOR.call(self._say_without_fields, running, method, event_dict)
        return self._hand_over(method, event_dict)

    def _event_dict(self, event: object, args: tuple[Any, ...], fields: dict[str, Any]) -> dict[str, Any]:
        for key in fields:
            if type(key) is not str:
                fields = {key_text(each): value for each, value in fields.items()}
                break
        event_dict: dict[str, Any] = {**self._context, **fields}
        if "positional_args" in event_dict:
            set_aside(event_dict, "positional_args")
        if args:
            event_dict["positional_args"] = args
        if event is not None:
            if "event" in event_dict:
                set_aside(event_dict, "event")
            event_dict["event"] = event
        return event_dict

    def _say_without_fields(self, failed: Processor, method: str, event_dict: Any) -> Any:
        name = contained(_name_of, failed) or type_name(failed)
        guard.note(
            "logs.fields_withheld",
            f"the structlog processor {name} failed: such events are written without their fields",
        )
        fields = without_fields(event_dict, name)
        last = cast("list[Processor]", self._processors)[-1]
        if type(last) is Terminal:
            last.write(self._logger, last.event_of(self._logger, method, fields))
            return None
        return self._hand_over(method, fields["event"])

    def _hand_over(self, method: str, event_dict: Any) -> Any:
        """Reached only when the chain does not end in our own terminal, as after `shutdown()`."""
        call = getattr(self._logger, method, None)
        if call is None or isinstance(event_dict, dict):
            return None
        if isinstance(event_dict, tuple):
            return call(*event_dict[0], **event_dict[1])
        return call(event_dict)


def _method(name: str, *, with_error: bool = False) -> Callable[..., Any]:
    def say(self: BoundLogger, event: object = None, /, *args: Any, **fields: Any) -> Any:
        if with_error:
            fields.setdefault("exc_info", True)
        return self._say(name, event, args, fields)

    say.__name__ = name
    say.__doc__ = f"Log at level `{name}`; `%`-style arguments and any keyword fields are accepted."
    return say


# Positional-only, so that a field may be called `event`: structlog's own methods raise TypeError then.
for _name in ("debug", "info", "msg", "warning", "warn", "error", "err", "failure", "critical", "fatal"):
    setattr(BoundLogger, _name, _method(_name))
BoundLogger.exception = _method("exception", with_error=True)  # type: ignore[method-assign]


def _log(self: BoundLogger, level: int | str, event: object = None, /, *args: Any, **fields: Any) -> Any:
    """Log at a level given as stdlib number or by name; what is neither is taken for `info`."""
    if issubclass(type(level), str):
        return self._say(exact(level).lower(), event, args, fields)  # type: ignore[arg-type]
    number = int.__index__(level) if issubclass(type(level), int) else logging.INFO  # type: ignore[arg-type]
    return self._say(level_name(number), event, args, fields, number)


BoundLogger.log = _log  # type: ignore[assignment, method-assign]


def _async_method(name: str, *, with_error: bool = False) -> Callable[..., Any]:
    async def say(self: BoundLogger, event: Any = None, /, *args: Any, **fields: Any) -> None:
        if with_error:
            fields.setdefault("exc_info", True)
        await self._dispatch_to_sync(getattr(self, name), event, args, _with_error_of_here(fields))

    say.__name__ = f"a{name}"
    say.__doc__ = f"Log as `{name}` does, on another thread."
    return say


async def _alog(self: BoundLogger, level: Any, event: Any = None, /, *args: Any, **fields: Any) -> None:
    """Log as `log` does, on another thread."""
    await self._dispatch_to_sync(partial(self.log, level), event, args, _with_error_of_here(fields))


def _with_error_of_here(fields: dict[str, Any]) -> dict[str, Any]:
    # On the other thread there is no current exception.
    return {**fields, "exc_info": sys.exc_info()} if fields.get("exc_info") is True else fields


for _name in ("debug", "info", "warning", "error", "critical", "fatal"):
    setattr(BoundLogger, f"a{_name}", _async_method(_name))
BoundLogger.aexception = _async_method("exception", with_error=True)  # type: ignore[method-assign]
BoundLogger.alog = _alog  # type: ignore[assignment, method-assign]


def get_logger(name: str | None = None, /, **fields: Any) -> BoundLogger:
    """Return a structlog logger; the same as `structlog.get_logger`, with the type that it has here.

    It may be made before or after `init_telemetry`.

    Args:
        name: name of the stdlib logger whose level and handlers apply; None: the calling module's.
        **fields: bound to every line of this logger.
    """
    return cast("BoundLogger", structlog.get_logger(*(() if name is None else (name,)), **fields))


class StructlogWiring:
    """Points structlog at the line writer, and can take that back.

    Args:
        writer: the process's line writer.
    """

    def __init__(self, writer: LineWriter) -> None:
        self._writer = writer
        self._before: dict[str, Any] = {}
        self._processors_before: list[Processor] = []
        self._was_configured = False
        self._configure: Callable[..., None] | None = None
        self._reset: Callable[[], None] | None = None

    def install(self) -> None:
        """Take over structlog's configuration, and keep it when the service configures again."""
        self._was_configured = structlog.is_configured()
        self._before = structlog.get_config()
        self._processors_before = list(self._before["processors"])
        self._configure, self._reset = structlog.configure, structlog.reset_defaults
        self._take_over()
        structlog.configure = self._reconfigure
        structlog.reset_defaults = self._reset_and_keep

    def undo(self) -> None:
        """Restore structlog's configuration as it was before `install`."""
        if self._configure is not None and structlog.configure == self._reconfigure:
            structlog.configure = self._configure
        if self._reset is not None and structlog.reset_defaults == self._reset_and_keep:
            structlog.reset_defaults = self._reset
        processors = self._before.get("processors")
        if isinstance(processors, list):
            processors[:] = self._processors_before
        if self._was_configured:
            (self._configure or structlog.configure)(**self._before)
        else:
            structlog.reset_defaults()
            if isinstance(processors, list):
                (self._configure or structlog.configure)(processors=processors)
                structlog._config._CONFIG.is_configured = False  # noqa: SLF001 there is no public way back

    def _reconfigure(self, *args: Any, **kwargs: Any) -> None:
        """What `structlog.configure` means while telemetry is on: the service's processors, our lines."""
        if self._configure is not None:
            self._configure(*args, **kwargs)
        self._take_over()
        guard.note("logs.structlog_reconfigured")

    def _reset_and_keep(self) -> None:
        """What `structlog.reset_defaults` means while telemetry is on: the default processors, our lines."""
        if self._reset is not None:
            self._reset()
        self._take_over()

    def _take_over(self) -> None:
        processors = structlog.get_config()["processors"]
        own = [each for each in processors if not _is_replaced(each) and not isinstance(each, _OWN)]
        chain: list[Processor] = [
            Beginning(),
            *own,
            Terminal(self._writer),
        ]
        if isinstance(processors, list):
            processors[:] = chain
            chain = processors
        configure = self._configure or structlog.configure
        configure(
            processors=chain,
            wrapper_class=BoundLogger,
            logger_factory=_logger_factory(),
            cache_logger_on_first_use=True,
        )


_OWN: Final = (Beginning, Terminal)


def _logger_factory() -> structlog.stdlib.LoggerFactory:
    """Return structlog's factory of stdlib loggers without its side effect on `logging.setLoggerClass`."""
    before = logging.getLoggerClass()
    factory = structlog.stdlib.LoggerFactory()
    logging.setLoggerClass(before)
    return factory


def _is_event_dict(result: object) -> bool:
    return isinstance(result, MutableMapping)


def _name_of(processor: Any) -> str:
    return valid(exact(processor.__name__))


def _is_replaced(processor: Processor) -> bool:
    if isinstance(processor, _REPLACED):
        return True
    try:
        return processor in _REPLACED_FUNCTIONS
    except TypeError:
        # An unhashable processor is one of the service's own.
        return False
