"""SQL -> the same statement without literals.

OpenTelemetry asks for it before `db.query.text` is recorded: names of tables and columns say what was done,
literals say to whom.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ameide_telemetry.redaction.hiding import MARKER

if TYPE_CHECKING:
    from ameide_telemetry.redaction.hiding import Hide

__all__ = ["hide_in_command", "hide_in_errors", "hide_in_statements", "hide_literals", "may_hold_statements"]

# In upper case as programs write it.
_WRITTEN: Final = (
    r"(?:SELECT\s|INSERT\s+(?:OR\s+\w{1,16}\s+|IGNORE\s+)?INTO\s|UPDATE\s+[^\s]{1,128}\s+(?:AS\s+\w{1,64}\s+)?SET\s"
    r"|DELETE\s+FROM\s|MERGE\s+INTO\s|REPLACE\s+INTO\s|UPSERT\s+INTO\s|WITH\s+(?:RECURSIVE\s+)?[^\s]{1,128}\s+AS\s"
    r"|CALL\s+[\w.]{1,128}\s*\(|EXEC(?:UTE)?\s+[\w.]{1,128}(?:\s|\()|VALUES\s*\(|(?:CREATE|ALTER)\s+(?:USER|ROLE|LOGIN)\s"
    r"|GRANT\s[^;\n]{1,200}?\sIDENTIFIED\s|SHOW\s+[A-Z_ ]{1,48}\s(?:LIKE|WHERE)\s"
    r"|SET\s+(?:(?:SESSION|LOCAL|GLOBAL)\s+)?[\w.@]{1,64}+\s*(?::?=|TO\s)\s*['\"]"
    r"|SET\s+PASSWORD|COPY\s+[\w.\"]{1,128}\s)"
)
_TABLE: Final = r"[\w.\"`\[\]]{1,128}"
# In any other case prose begins with `select`, too: so much of the grammar has to follow.
_TYPED: Final = (
    rf"(?i:select\s+[\w\s.,*()\"'`=<>+\-]{{1,512}}?\sfrom\s+{_TABLE}(?:\s*(?:;|\Z)|(?:\s+(?:as\s+)?\w{{1,64}})?"
    r"\s*(?:\swhere\s|\s(?:left|right|inner|outer|cross|full)?\s?join\s|\s(?:order|group)\s+by\s|\slimit\s))"
    rf"|insert\s+into\s+{_TABLE}\s*(?:\(|values|select)|update\s+{_TABLE}\s+set\s+{_TABLE}\s*="
    rf"|delete\s+from\s+{_TABLE}\s*(?:\s(?:where|using|returning)\s|;|\Z)"
    r"|grant\s[^;\n]{1,200}?\sidentified\s+by\s|show\s+[a-z_ ]{1,48}\slike\s+['\"]"
    r"|set\s+(?:(?:session|local|global)\s+)?[\w.@]{1,64}+\s*:?=\s*'"
    r"|(?:create|alter)\s+(?:user|role|login)\s+[^\s]{1,128}\s+(?:with|identified|password|encrypted)\s)"
)
_COMMENTS: Final = r"\s{0,64}(?:--[^\n]{0,512}\n\s{0,64}|/\*[^*]{0,512}\*/\s{0,64}){0,4}\(?"
_STATEMENT: Final = re.compile(rf"{_COMMENTS}(?:{_WRITTEN}|{_TYPED})")
# Behind a duration or a word, as loggers of databases and frameworks write it.
_INSIDE: Final = re.compile(rf"(?<![\w.\-]){_WRITTEN}")
# The same in any other case, as people write it: a sentence has no comparison there.
_COMPARED: Final = r"where\s+[\w.\"`()]{1,128}\s*(?:[=<>!~]|(?:not\s+)?(?:i?like\s|in\s*\(|between\s))"
_TYPED_INSIDE: Final = re.compile(
    r"(?<![\w.\-])(?i:"
    rf"select\s(?:(?!\sselect\s)[\w\s.,*()\"'`=<>+\-|:/]){{1,512}}?\sfrom\s+{_TABLE}"
    rf"(?:(?!\sselect\s)[^;?!\n]|\n\s){{0,256}}?\s{_COMPARED}"
    rf"|insert\s+into\s+{_TABLE}\s*(?:\([\w\s,.\"`]{{0,512}}\)\s*)?values\s*\("
    rf"|update\s+{_TABLE}\s+set\s+{_TABLE}\s*=|delete\s+from\s+{_TABLE}\s+{_COMPARED})"
)
_VERBS: Final = ("elect", "nsert", "pdate", "elete")
_FROM: Final = re.compile(r"\sFROM\s")
_CAPITALS: Final = re.compile(r"[A-Z]{4}").search
_GATE: Final = re.compile(r"(?<![A-Z])[A-Z]{4,}+\s").search
# Where a traceback or the rest of an error goes on behind a statement.
_BEHIND: Final = re.compile(
    r"\n(?=\s{0,16}(?:File \"|Traceback |at [\w.$]|\[parameters|\[SQL|\(Background|During handling|The above)"
    r"|[\w.]{1,128}(?:Error|Exception)\b)"
)
# Quoted text is taken as a whole, so that its end is never the beginning of the next one; comments, too.
_LITERAL: Final = re.compile(
    r"""'(?:[^'\\]++|\\.|'')*+'?|"(?:[^"\\]++|\\.|"")*+"?|\$([A-Za-z_]{0,16})\$.*?(?:\$\1\$|\Z)"""
    r"""|--[^\n]*+|/\*.*?(?:\*/|\Z)|(?<![\w$@:?.%])[-+]?\.?[0-9][0-9A-Za-z_.]*+""",
    re.DOTALL,
)
_QUOTED_STATEMENT: Final = re.compile(
    r"(?=(['\"]))\1((?:(?!\1)[^\\]|\\.)*+)\1(?=\s{0,4}[,)\]}]|\Z)", re.DOTALL
)
_LIST: Final = re.compile(
    r"(\s{0,4},\s{0,4})([(\[{](?:[^'\"()\[\]{}]++|'(?:[^'\\]++|\\.)*+'|\"(?:[^\"\\]++|\\.)*+\"|[(\[{][^()\[\]{}]*+[)\]}])*+[)\]}])",
    re.DOTALL,
)
_QUOTING: Final = re.compile(r"[qQ]'[^\w\s]")
_PLAIN_COMMENT: Final = re.compile(r"[^'\"0-9$]*+\Z")
_VALUES: Final = re.compile(r"\bVALUES\b", re.IGNORECASE)
_IDENTIFIER: Final = re.compile(r'"[\w$ .\-]{1,64}"')
# A text in double quotes behind one of these is a literal, as MySQL reads it, and not a name.
_BEFORE_LITERAL: Final = re.compile(
    r"(?:[=<>~]|\b(?:LIKE|REGEXP|RLIKE|BETWEEN)|\bIN\s?\()\s{0,4}\Z", re.IGNORECASE
)
# Other languages are JSON: what was asked for stands in the keys.
_OPENING: Final = ("{", "[")
_KEY: Final = re.compile(r"\s?:")
_LOOK_BACK: Final = 16
_SQL_WORD: Final = re.compile(
    r"\s*+\(?\s*+(?:SELECT|INSERT|UPDATE|DELETE|MERGE|REPLACE|UPSERT|WITH|CALL|EXEC|EXECUTE|VALUES|CREATE|ALTER"
    r"|COPY|DROP|TRUNCATE|EXPLAIN|ANALYZE|PRAGMA|BEGIN|START|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SHOW|USE|GRANT"
    r"|REVOKE|LOCK|UNLOCK|DECLARE|FETCH|CLOSE|MATCH|VACUUM|REFRESH|LISTEN|NOTIFY|SET\s+[\w.@]+\s*(?:=|TO\b)"
    r"|SET\s+(?:SESSION|LOCAL|GLOBAL|TRANSACTION|NAMES)|--|/\*|[{\[])",
    re.IGNORECASE,
)
# SQLAlchemy and the drivers say literals in their errors. Every one of these takes all up to where the
# literals surely end; where that is missing, all there is.
_STATEMENT_IN_ERROR: Final = re.compile(
    r"(\[SQL: )"
    r"((?:[^\]\['\"]|'(?:[^'\\]++|\\.|'')*+'?|\"(?:[^\"\\]++|\\.|\"\")*+\"?|\[[^\]\['\"]*+\]?)*+)(\]?)",
    re.DOTALL,
)
_MARKED: Final = "[SQL: "
_PARAMETERS: Final = re.compile(r"(\[parameters: )([^\n]*+)()")
_KEY_DETAIL: Final = re.compile(
    r"(Key \((?:(?!\)=\()[^\n]){1,128}+\)=\()((?:(?!\) (?:already|is |conflicts)|\)[\s.]*(?:\n|\Z)).)*+)()",
    re.DOTALL,
)
_ROW_DETAIL: Final = re.compile(
    r"(Failing row contains \()((?:(?!\)\.?[ \t]*(?:\n|\Z)).)*+)()",
    re.DOTALL,
)
_DUPLICATE: Final = re.compile(r"(Duplicate entry \\{0,3}')((?:(?!\\{0,3}' for key).)*+)()", re.DOTALL)
_GENERATED: Final = re.compile(
    r"\A(\[(?:generated|cached|raw sql|no key|caching|dialect)[^\]\n]{0,128}\] )([(\[{].*)\Z", re.DOTALL
)
_IN_ERRORS: Final = (
    ("[parameters: ", _PARAMETERS),
    ("Key (", _KEY_DETAIL),
    ("Failing row", _ROW_DETAIL),
    ("Duplicate entry", _DUPLICATE),
)
_NOTHING: Final = frozenset({"", "()", "{}", "[]", "()]", "{}]", "[]]"})


def may_hold_statements(text: str) -> bool:
    """Tell whether text without signs of other kinds may hold a statement with literals in double quotes."""
    return " where " in text or " values" in text


def hide_in_statements(text: str, hide: Hide) -> str:
    """Return text with the literals of the statement hidden that it is, or that stands in it."""
    if _STATEMENT.match(text) is not None:
        return hide_literals(text, hide)
    found = None if _MARKED in text else _inside(text)
    if found is None:
        return text
    begin = found.start()
    behind = _BEHIND.search(text, found.end())
    end = len(text) if behind is None else behind.start()
    # A statement within quotes ends with them; what stands behind it there are its parameters.
    quoted = _QUOTED_STATEMENT.match(text, max(0, begin - 1), end)
    if quoted is None:
        return f"{text[:begin]}{hide_literals(text[begin:end], hide)}{text[end:]}"
    rest = _without_parameters(text[quoted.end() :], hide)
    return f"{text[:begin]}{hide_literals(quoted[2], hide)}{quoted[1]}{rest}"


def _inside(text: str) -> re.Match[str] | None:
    """Return where the first statement begins within text, and what shows that it is one."""
    written = typed = None
    if _CAPITALS(text) is not None and _GATE(text) is not None:
        written = _INSIDE.search(text)
        if written is not None and written[0].startswith("SELECT"):
            written = written if _FROM.search(text, written.end()) is not None else None
    if any(verb in text for verb in _VERBS):
        typed = _TYPED_INSIDE.search(text)
    found = [each for each in (written, typed) if each is not None]
    return min(found, key=re.Match.start, default=None)


def _without_parameters(text: str, hide: Hide) -> str:
    """Return what stands behind a statement in quotes, without the list that it begins with."""
    found = _LIST.match(text)
    if found is None or MARKER.match(found[2]) is not None:
        return text
    return f"{found[1]}{hide('literal', found[2])}{text[found.end() :]}"


def hide_in_command(text: str, hide: Hide) -> str:
    """Return what a database was asked, in any language, with literals hidden.

    Of languages without quotes, such as that of Redis, the first word stays, and placeholders.
    """
    if _SQL_WORD.match(text) is not None:
        return hide_literals(text, hide)
    name, space, rest = text.partition(" ")
    if not space or MARKER.fullmatch(rest) is not None or not rest.strip("? "):
        return text
    return f"{name} {hide('literal', rest)}"


def hide_literals(statement: str, hide: Hide) -> str:
    """Return a statement with its literals hidden; placeholders and names stay."""
    if "\\'" in statement or _QUOTING.search(statement) is not None:
        statement = _hide_from_first_to_last(statement, "'", hide)
    if '\\"' in statement:
        statement = _hide_from_first_to_last(statement, '"', hide)
    names_end = _end_of_names(statement)

    def shown(found: re.Match[str]) -> str:
        text = found[0]
        if (
            text[0] == '"'
            and (_KEY.match(statement, found.end()) or found.start() < names_end)
            and _is_name(found)
        ):
            return text
        if text in _EMPTY or MARKER.fullmatch(text[1:-1]) is not None:
            return text
        if text.startswith(_COMMENT) and _PLAIN_COMMENT.match(text) is not None:
            return text
        return hide("literal", text)

    return _LITERAL.sub(shown, statement)


_EMPTY: Final = frozenset({"''", '""'})
_COMMENT: Final = ("--", "/*")


def _hide_from_first_to_last(statement: str, quote: str, hide: Hide) -> str:
    """Hide all from the first quote to the last.

    Whether a backslash before a quote keeps it from ending the literal depends on the database, and with it
    where every literal behind it begins.
    """
    first, last = statement.find(quote), statement.rfind(quote)
    return f"{statement[:first]}{hide('literal', statement[first : last + 1])}{statement[last + 1 :]}"


def _end_of_names(statement: str) -> int:
    """Return up to where text in double quotes may be a name.

    One text in double quotes where only a literal can stand says that the database is one that has literals
    in them, and all others are as likely literals.
    """
    if '"' not in statement or statement.lstrip()[:1] in _OPENING:
        return 0
    values = _VALUES.search(statement)
    for found in _LITERAL.finditer(statement):
        if found[0][0] == '"' and not _is_name(found):
            return 0
    return len(statement) if values is None else values.end()


def _is_name(found: re.Match[str]) -> bool:
    if _IDENTIFIER.fullmatch(found[0]) is None:
        return False
    statement, begin, end = found.string, found.start(), found.end()
    if statement[end : end + 1] == "." or statement[begin - 1 : begin] == ".":
        return True
    return _BEFORE_LITERAL.search(statement[max(0, begin - _LOOK_BACK) : begin]) is None


def hide_in_errors(text: str, hide: Hide) -> str:
    """Return text with the literals hidden that database drivers put into the texts of their errors."""

    def middle(found: re.Match[str]) -> str:
        inner = found[2]
        if MARKER.fullmatch(inner) is not None:
            return found[0]
        end = inner.rfind("]") if found.re is _PARAMETERS else -1
        inner, rest = (inner[:end], inner[end:]) if end > 0 else (inner, "")
        if inner in _NOTHING or MARKER.match(inner) is not None:
            return found[0]
        return f"{found[1]}{hide('literal', inner)}{rest}"

    if _MARKED in text:
        text = _STATEMENT_IN_ERROR.sub(
            lambda found: f"{found[1]}{hide_literals(found[2], hide)}{found[3]}", text
        )
    for gate, pattern in _IN_ERRORS:
        if gate in text:
            text = pattern.sub(middle, text)
    return _GENERATED.sub(middle, text) if text.startswith("[") else text
