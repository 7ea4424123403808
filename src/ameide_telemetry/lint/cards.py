"""What can be told of a source file without parsing it: its imports, and which needles are in it."""

from __future__ import annotations

import codecs
import marshal
import re
from functools import cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from ameide_telemetry.lint.needles import found_in, grouped, is_on_the_way
from ameide_telemetry.lint.pragmas import has_pragma
from ameide_telemetry.lint.source import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ameide_telemetry.lint.roots import Found, Roots

__all__ = ["Card", "Glance", "Import", "card_of", "imported"]

# An import statement as far as it names modules. What stands in a string and looks like one is taken too:
# a file too many costs a moment, one too few would be a wrong verdict.
_IMPORT: Final = re.compile(
    rb"[ \t\f]*(?:[^\r\n]*[;:][ \t]*)?(?:"
    rb"from[ \t]+(\.*)[ \t]*([\w.]*)[ \t]+import\b[ \t\\\r\n]*(\([^)]*\)?|[^\r\n#;]*)"
    rb"|import[ \t]+([^\r\n#;]+))"
)
_KEYWORD: Final = b"import"
_NAME: Final = re.compile(rb"([A-Za-z_]\w*)(?:\s+as\s+\w+)?")
_MODULE: Final = re.compile(rb"([A-Za-z_][\w.]*)(?:\s+as\s+\w+)?")
_COMMENT: Final = re.compile(rb"#[^\r\n]*")
_HASH_BYTES: Final = 16

Import: TypeAlias = tuple[int, str, tuple[str, ...]]
"""One import statement: how many dots the name begins with; the dotted name behind them, which may be empty;
what is taken from it, empty for `import a.b`."""


class Card(NamedTuple):
    """A file at a glance.

    Attributes:
        digest: of its bytes.
        on_the_way: whether a walk that imports it may find something in it.
        needles: number with a bit for each needle that is in it.
        statements: its import statements, those in functions too, as `marshal` holds them.
    """

    digest: bytes
    on_the_way: bool
    needles: int
    statements: bytes

    @property
    def imports(self) -> tuple[Import, ...]:
        """Its import statements; most cards are never asked for them."""
        found: tuple[Import, ...] = marshal.loads(self.statements)  # noqa: S302 written by us
        return found


class Glance(NamedTuple):
    """What a glance looks for.

    Attributes:
        bootstrap: last parts of the names of the functions that start telemetry.
        needles: bytes that have a bit each, in this order.
        packages: outermost packages that have a bit each, behind those.
    """

    bootstrap: tuple[bytes, ...]
    needles: tuple[bytes, ...]
    packages: tuple[str, ...]

    @property
    def pragmas(self) -> int:
        """The bit of files that may switch a check off."""
        return 1 << (len(self.needles) + len(self.packages))

    def mask(self, needles: Iterable[bytes], packages: Iterable[str]) -> int:
        """Return the bits of some of them."""
        bits = [self.needles.index(each) for each in needles]
        bits += [len(self.needles) + self.packages.index(each) for each in packages]
        return sum(1 << bit for bit in set(bits))


_grouped: Final = cache(grouped)


def card_of(data: bytes, glance: Glance) -> Card:
    """Return the card of a file.

    Args:
        data: its bytes.
        glance: what to look for.
    """
    if len(data) > MAX_BYTES:
        # It is not parsed either, and that is told.
        every = (glance.pragmas << 1) - 1
        return Card(blake2b(data, digest_size=_HASH_BYTES).digest(), True, every, marshal.dumps(()))
    digest = blake2b(data, digest_size=_HASH_BYTES).digest()
    data = _in_lines(data)
    imports = tuple(dict.fromkeys(_imports(data)))
    packages = {module.partition(".")[0] for level, module, _ in imports if not level}
    there = set(found_in(data, _grouped(glance.needles)))
    bits = (*(each in there for each in glance.needles), *(each in packages for each in glance.packages))
    mask = sum(1 << number for number, bit in enumerate((*bits, has_pragma(data))) if bit)
    return Card(digest, is_on_the_way(data, packages, glance.bootstrap), mask, marshal.dumps(imports))


def imported(card: Card, package: str, roots: Roots) -> Iterator[Found]:
    """Yield what the statements of a file may import within the roots.

    Args:
        card: of the file.
        package: dotted name of the package that the file is in; empty at the top.
        roots: where names are looked up.
    """
    for level, module, names in card.imports:
        base = module
        if level:
            parts = package.split(".") if package else []
            kept = parts[: len(parts) - level + 1]
            base = ".".join([*kept, *([module] if module else [])])
        if base:
            found = roots.find(base)
            yield found
            if not found:
                continue
        # A name that is taken from a package may be a module of it.
        for name in names:
            yield roots.find(f"{base}.{name}" if base else name)


def _in_lines(data: bytes) -> bytes:
    """Return a file without its byte order mark, and with the ends of lines that others have."""
    data = data.removeprefix(codecs.BOM_UTF8)
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data


def _imports(data: bytes) -> Iterator[Import]:
    """Yield the imports; to look for the keyword first is 25 times as quick as to look at every line."""
    at = data.find(_KEYWORD)
    while at >= 0:
        match = _IMPORT.match(data, data.rfind(b"\n", 0, at) + 1)
        if match is not None:
            yield from _of_statement(*match.groups())
        at = data.find(_KEYWORD, max(at + 1, match.end() if match else 0))


def _of_statement(
    dots: bytes | None, module: bytes | None, names: bytes | None, plain: bytes | None
) -> Iterator[Import]:
    if plain is not None:
        for name in _MODULE.findall(plain):
            yield 0, name.decode("ascii", "replace"), ()
    elif dots or module:
        text = _COMMENT.sub(b"", names or b"")
        taken = tuple(name.decode("ascii", "replace") for name in _NAME.findall(text))
        yield len(dots or b""), (module or b"").decode("ascii", "replace"), taken
