"""What can be told of a source file without parsing it: its imports, and which needles are in it."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NamedTuple

from ameide_telemetry.lint.needles import is_on_the_way
from ameide_telemetry.lint.pragmas import has_pragma
from ameide_telemetry.lint.source import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ameide_telemetry.lint.roots import Found, Roots

__all__ = ["Card", "Glance", "Import", "card_of", "imported"]

# An import statement as far as it names modules. What stands in a string and looks like one is taken too:
# a file too many costs a moment, one too few would be a wrong verdict.
_IMPORT: Final = re.compile(
    rb"[ \t]*(?:[^\r\n]*[;:][ \t]*)?(?:"
    rb"from[ \t]+(\.*)[ \t]*([\w.]*)[ \t]+import\b[ \t\\\r\n]*(\([^)]*\)?|[^\r\n#;]*)"
    rb"|import[ \t]+([^\r\n#;]+))"
)
_KEYWORD: Final = b"import"
_NAME: Final = re.compile(rb"([A-Za-z_]\w*)(?:\s+as\s+\w+)?")
_MODULE: Final = re.compile(rb"([A-Za-z_][\w.]*)(?:\s+as\s+\w+)?")
_COMMENT: Final = re.compile(rb"#[^\r\n]*")
_HASH_BYTES: Final = 16


class Import(NamedTuple):
    """One import statement.

    Attributes:
        level: how many dots the name begins with.
        module: dotted name behind them; may be empty.
        names: what is taken from it; empty for `import a.b`.
    """

    level: int
    module: str
    names: tuple[str, ...]


class Card(NamedTuple):
    """A file at a glance.

    Attributes:
        digest: of its bytes.
        on_the_way: whether a walk that imports it may find something in it.
        needles: number with a bit for each needle that is in it.
        imports: its import statements, those in functions too.
    """

    digest: bytes
    on_the_way: bool
    needles: int
    imports: tuple[Import, ...]


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


def card_of(data: bytes, glance: Glance) -> Card:
    """Return the card of a file.

    Args:
        data: its bytes.
        glance: what to look for.
    """
    if len(data) > MAX_BYTES:
        # It is not parsed either; that is told where an entrypoint imports it.
        return Card(blake2b(data, digest_size=_HASH_BYTES).digest(), True, 0, ())
    imports = tuple(dict.fromkeys(_imports(data)))
    packages = {each.module.partition(".")[0] for each in imports if not each.level}
    mask = 0
    for number, there in enumerate(
        (
            *(needle in data for needle in glance.needles),
            *(each in packages for each in glance.packages),
            has_pragma(data),
        )
    ):
        mask |= there << number
    digest = blake2b(data, digest_size=_HASH_BYTES).digest()
    return Card(digest, is_on_the_way(data, packages, glance.bootstrap), mask, imports)


def imported(card: Card, package: str, roots: Roots) -> Iterator[Found]:
    """Yield what the statements of a file may import within the roots.

    Args:
        card: of the file.
        package: dotted name of the package that the file is in; empty at the top.
        roots: where names are looked up.
    """
    for each in card.imports:
        base = each.module
        if each.level:
            parts = package.split(".") if package else []
            kept = parts[: len(parts) - each.level + 1]
            base = ".".join([*kept, *([each.module] if each.module else [])])
        if base:
            found = roots.find(base)
            yield found
            if not found:
                continue
        # A name that is taken from a package may be a module of it.
        for name in each.names:
            yield roots.find(f"{base}.{name}" if base else name)


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
            yield Import(0, name.decode("ascii", "replace"), ())
    elif dots or module:
        text = _COMMENT.sub(b"", names or b"")
        taken = tuple(name.decode("ascii", "replace") for name in _NAME.findall(text))
        yield Import(len(dots or b""), (module or b"").decode("ascii", "replace"), taken)
