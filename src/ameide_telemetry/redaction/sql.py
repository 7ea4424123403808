"""SQL -> the same statement without literals.

OpenTelemetry asks for it before `db.query.text` is recorded: names of tables and columns say what was done,
literals say to whom.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ameide_telemetry.redaction.hiding import Hide

__all__ = ["hide_in_errors", "hide_literals", "is_sql"]

# In upper case as programs write it, or in lower case with two of its words: prose begins with `select`, too.
_STATEMENT: Final = re.compile(
    r"\s{0,64}(?:--[^\n]{0,512}\n\s{0,64}|/\*[^*]{0,512}\*/\s{0,64}){0,4}\(?"
    r"(?:SELECT\s|INSERT\s+(?:OR\s+\w{1,16}\s+|IGNORE\s+)?INTO\s|UPDATE\s+[^\s]{1,128}\s+(?:AS\s+\w{1,64}\s+)?SET\s|DELETE\s+FROM\s"
    r"|MERGE\s+INTO\s|REPLACE\s+INTO\s|UPSERT\s+INTO\s|WITH\s+(?:RECURSIVE\s+)?[^\s]{1,128}\s+AS\s|CALL\s+[\w.]{1,128}\s*\("
    r"|EXEC(?:UTE)?\s+[\w.]{1,128}\s|VALUES\s*\(|(?:CREATE|ALTER)\s+(?:USER|ROLE|LOGIN)\s|SET\s+PASSWORD|COPY\s+[\w.\"]{1,128}\s"
    r"|select\s[^;]{1,512}?\sfrom\s|insert\s+into\s+[^\s]{1,128}\s*(?:\(|values|select)|update\s+[^\s]{1,128}\s+set\s|delete\s+from\s)"
)
# Quoted text is taken as a whole, so that its end is never the beginning of the next one.
_LITERAL: Final = re.compile(
    r"""'(?:[^'\\]|\\.|'')*+'?|"(?:[^"\\]|\\.|"")*+"?|\$([A-Za-z_]{0,16})\$.*?(?:\$\1\$|\Z)"""
    r"""|(?<![\w$@:.?\[])[-+]?(?:0[xX][0-9A-Fa-f]+|[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![\w.])""",
    re.DOTALL,
)
_VALUES: Final = re.compile(r"\bVALUES\b", re.IGNORECASE)
_IDENTIFIER: Final = re.compile(r'"[\w$ .\-]{1,64}"')
# A text in double quotes behind one of these is a literal, as MySQL reads it, and not a name.
_BEFORE_LITERAL: Final = re.compile(
    r"(?:[=<>~]|\b(?:LIKE|REGEXP|RLIKE|BETWEEN)|\bIN\s?\()\s{0,4}\Z", re.IGNORECASE
)
_LOOK_BACK: Final = 16
# SQLAlchemy and the drivers say literals in their errors.
_PARAMETERS: Final = re.compile(r"(\[parameters: )(?!\[redacted)([^\n]{1,16384}?)(\](?=\s*(?:\n|\Z|\()))")
_STATEMENT_IN_ERROR: Final = re.compile(r"(\[SQL: )([^\]]{1,16384})(\])")
_GENERATED: Final = re.compile(
    r"\A(\[(?:generated|cached|raw sql|no key|caching|dialect)[^\]\n]{0,128}\] )(?!\[redacted)(.{1,16384})\Z",
    re.DOTALL,
)
_KEY_DETAIL: Final = re.compile(r"(Key \([^)\n]{1,256}\)=\()(?!\[redacted)([^\n]{0,1024}?)(\)(?= |\Z))")
_ROW_DETAIL: Final = re.compile(r"(Failing row contains \()(?!\[redacted)([^\n]{0,8192}?)(\)\.?(?=\s|\Z))")
_DUPLICATE: Final = re.compile(
    r"(Duplicate entry ')(?!\[redacted)((?:[^'\\\n]|\\.|'(?! for)){0,1024}+)(' for)"
)
_IN_ERRORS: Final = (
    ("[parameters: ", _PARAMETERS),
    ("Key (", _KEY_DETAIL),
    ("Failing row", _ROW_DETAIL),
    ("Duplicate entry", _DUPLICATE),
)


def is_sql(text: str) -> bool:
    """Tell whether text begins as an SQL statement does."""
    return _STATEMENT.match(text) is not None


def hide_literals(statement: str, hide: Hide) -> str:
    """Return a statement with its literals hidden; placeholders and names stay."""
    values = _VALUES.search(statement)
    first = len(statement) if values is None else values.end()

    def shown(found: re.Match[str]) -> str:
        text = found[0]
        if text in {"''", '""'} or (text[0] == '"' and found.start() < first and _is_name(found)):
            return text
        return hide("literal", text)

    return _LITERAL.sub(shown, statement)


def hide_in_errors(text: str, hide: Hide) -> str:
    """Return text with the literals hidden that database drivers put into the texts of their errors."""

    def middle(found: re.Match[str]) -> str:
        return f"{found[1]}{hide('literal', found[2])}{found[3]}"

    if "[SQL: " in text:
        text = _STATEMENT_IN_ERROR.sub(
            lambda found: f"{found[1]}{hide_literals(found[2], hide)}{found[3]}", text
        )
    for gate, pattern in _IN_ERRORS:
        if gate in text:
            text = pattern.sub(middle, text)
    if text.startswith("["):
        text = _GENERATED.sub(lambda found: f"{found[1]}{hide('literal', found[2])}", text)
    return text


def _is_name(found: re.Match[str]) -> bool:
    if _IDENTIFIER.fullmatch(found[0]) is None:
        return False
    statement, begin, end = found.string, found.start(), found.end()
    qualifies = statement[end : end + 1] == "."
    return qualifies or _BEFORE_LITERAL.search(statement[max(0, begin - _LOOK_BACK) : begin]) is None
