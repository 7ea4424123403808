"""URLs inside of text: user-info and the values of queries go, names of parameters and hosts stay."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ameide_telemetry.contract import names
from ameide_telemetry.redaction.hiding import MARKER
from ameide_telemetry.redaction.kept import KEPT_VALUE
from ameide_telemetry.redaction.patterns import hide_values

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ameide_telemetry.redaction.hiding import Hide

    ClassOf = Callable[[str], str | None]

__all__ = ["hide_in_urls", "hide_query"]

_MARK: Final = "://"
_END: Final = re.compile(r"[\s\"'<>`]|\Z")
# The first one is what the standard allows; the second is what people write: a password with `/`, `?` or `#`.
_USER_INFO: Final = re.compile(
    r"(?:[^\s/?#@]{0,1024}+@)++|[^\s/?#@:]{0,256}+:(?![0-9]{1,5}[/?#])[^\s@]{1,1024}+@"
)
_MOST_USER_INFO: Final = 1_300
# The name of a user alone says little; in place of it, tokens are sent to web servers.
_USER: Final = re.compile(r"[A-Za-z][A-Za-z_\-]{0,39}@")
_WEB: Final = ("http", "https", "ws", "wss", "ftp")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]{0,30}\Z")
_LONGEST_SCHEME: Final = 32
# A quote ends a URL, unless it stands within a word of it.
_VALUE: Final = r"(?:[^\s\"'<>`#]|'(?=[^\s\"'<>`#,;:)\]}]))++"
_QUERY: Final = re.compile(rf"(?<!\()\?(?=[^\s?\"<>`#=]{{1,256}}+=){_VALUE}")
# A query that is one value, as in links that sign somebody in; of a URL or a path only, for prose asks too.
_BARE_QUERY: Final = re.compile(rf"(?<=[^\s?(])\?(?=[^\s?=&\"'<>`#\[]{{4}}){_VALUE}")
# A query without a URL, behind what servers and clients call it.
_NAMED_QUERY: Final = re.compile(
    r"(?i:query_?string|(?:url|http)\.query)\\{0,3}[\"']?\]?\s{0,4}[=:,]\s{0,4}b?\\{0,3}[\"']?\??"
    r"(?P<query>[^\s\"'<>`#\\,=\[]{1,64}=[^\s\"'<>`#\\,]{1,4096}+)"
)
_MOST_BEFORE: Final = 256
_FRAGMENT: Final = re.compile(rf"#(?=[^\s=?&\"'<>`#]{{1,64}}+=){_VALUE}")
# What clients of HTTP take on the command line; as words of a list, too.
_OPTION: Final = re.compile(
    r"(?<![\w\-])(?:-u|-U|--user|--proxy-user)(?:[ \t]{1,4}|=|[\"'], ?)(?:"
    r"\\?[\"'](?P<quoted>[^\s\"'\\:]{1,128}+:[^\"'\\\r\n]{1,512}+)(?=\\?[\"'])"
    r"|(?P<bare>[^\s\"'\\:]{1,128}+:[^\s\"'\\]{1,512}+))"
)
_CLIENT: Final = re.compile(r"(?<![\w.\-])(?:curl|wget)(?![\w\-])")
_TEMPLATE: Final = re.compile(r"\$[A-Za-z_{(]|[{<]|\*{3}|%[s(]")
_LEAST_PASSWORD: Final = 6
_NAME: Final = re.compile(r"[A-Za-z0-9._~\-\[\]$]{1,64}")
_MAX_PARAMETERS: Final = 64
# User-info where the scheme is missing, where JSON escaped the slashes, and as Oracle's driver has it.
_OTHER_USER_INFO: Final = (
    ("//", re.compile(r"(?<![\w:/\\])(//)([^\s/?#@:\"'<>`]{1,128}+:[^\s/?#@\"'<>`]{1,256}+)(?=@[\w\[])")),
    (":\\", re.compile(r"(:\\{1,3}/\\{1,3}/)([^\s/?#@:\"'<>`\\]{0,128}+:[^\s@\"'<>`\\]{1,256}+)(?=@[\w\[])")),
    ("jdbc:oracle", re.compile(r"(jdbc:oracle:\w{1,8}:)([^\s/@:\"'<>]{1,128}+/[^\s@\"'<>]{1,256}+)(?=@)")),
)
# The same in a URL that stands within another one, in a header or a form.
_ESCAPED_USER_INFO: Final = re.compile(
    r"(%(?:25){0,2}3[Aa](?:%(?:25){0,2}2[Ff]){2})((?:(?!%(?:25){0,2}(?:40|2[Ff]|3[Aa]))[^\s\"'<>`&;,@]){0,128}+"
    r"%(?:25){0,2}3[Aa](?![0-9]{1,5}%(?:25){0,2}2[Ff])(?:(?!%(?:25){0,2}40)[^\s\"'<>`&;,@]){1,512}+)(?=%(?:25){0,2}40)"
)
# A fragment without `=` is the name of a section; only what nobody would call one so is a key.
_ANCHOR: Final = re.compile(r"(?<=[^\s#(])#(?=([A-Za-z0-9_~.+\-]{20,}+)(?![\w=]))")
_KEY_LIKE: Final = (re.compile(r"[0-9]").search, re.compile(r"[a-z]").search, re.compile(r"[A-Z]").search)
# Ids by which lines are joined, in all spellings, and the form that they have. That of a session is none of
# them unless it is ours: as a parameter, it mostly is what signs somebody in.
_IDS: Final[Mapping[str, Callable[[str], object]]] = {
    name: re.compile(pattern).fullmatch
    for pattern, spellings in (
        (names.TRACE_ID_PATTERN, ("traceid", "xtraceid", "b3traceid", "xb3traceid")),
        (names.SPAN_ID_PATTERN, ("spanid", "xspanid", "parentspanid", "xb3spanid")),
        (f"[0-9a-f]{{2}}-{names.TRACE_ID_PATTERN}-{names.SPAN_ID_PATTERN}-[0-9a-f]{{2}}", ("traceparent",)),
        (names.REQUEST_ID_PATTERN, ("requestid", "xrequestid", "correlationid", "xcorrelationid")),
        (names.TENANT_ID_PATTERN, ("tenantid", "xtenantid", "saastenant")),
        (names.SESSION_ID_PATTERN, ("ameidesessionid",)),
    )
    for name in spellings
}
_NO_MARKS: Final = dict.fromkeys(map(ord, "_-."))
_LONGEST_ID_NAME: Final = 32


def hide_in_urls(text: str, hide: Hide, class_of: ClassOf) -> str:
    """Return text with the credentials and query values of the URLs in it hidden."""
    if "@" in text:
        text = _hide_user_infos(text, hide)
    if "40" in text and "%" in text:
        text = _ESCAPED_USER_INFO.sub(lambda found: found[1] + _hide_user_info(found[2], hide), text)
    if "-u" in text or "-U" in text or "-proxy-user" in text:
        of_client = _CLIENT.search(text) is not None
        text = _OPTION.sub(lambda found: _hide_option(found, hide, of_client=of_client), text)
    if "query" in text or "QUERY" in text:
        text = _NAMED_QUERY.sub(lambda found: _hide_named(found, hide, class_of), text)
    if "?" in text:
        text = _QUERY.sub(lambda found: f"?{hide_query(found[0][1:], hide, class_of)}", text)
        text = _BARE_QUERY.sub(lambda found: _hide_bare(found, hide, class_of), text)
    if "#" in text:
        text = _FRAGMENT.sub(lambda found: f"#{hide_query(found[0][1:], hide, class_of)}", text)
        if _MARK in text:
            text = _hide_anchors(text, hide)
    return text


def hide_query(query: str, hide: Hide, class_of: ClassOf) -> str:
    """Return a query with all values hidden but ids; what is no name is hidden too.

    Other values go whatever they are called: links to reset a password, signed links and searches for people
    carry theirs under any name.
    """
    parts = query.split("&", _MAX_PARAMETERS)
    shown = [_hide_parameter(part, hide, class_of) for part in parts[:_MAX_PARAMETERS]]
    shown.extend(_hide_whole(part, hide) for part in parts[_MAX_PARAMETERS:])
    return "&".join(shown)


def _hide_parameter(part: str, hide: Hide, class_of: ClassOf) -> str:
    name, mark, value = part.partition("=")
    if not mark or _NAME.fullmatch(name) is None:
        return _hide_whole(part, hide)
    if not value or MARKER.fullmatch(value.strip("'")) is not None or KEPT_VALUE.fullmatch(value) is not None:
        return part
    kind = class_of(name)
    return part if kind is None and _is_id(name, value) else f"{name}={hide(kind or 'query', value)}"


def _is_id(name: str, value: str) -> bool:
    """Tell whether a parameter is an id of the contract, looks like one, and like nothing that is hidden."""
    if len(name) > _LONGEST_ID_NAME:
        return False
    has_form = _IDS.get(name.translate(_NO_MARKS).lower())
    if has_form is None or has_form(value) is None:
        return False
    return hide_values(value, lambda kind, _: f"[redacted:{kind}]") == value


def _hide_whole(part: str, hide: Hide) -> str:
    return part if not part or MARKER.fullmatch(part) is not None else hide("query", part)


def _hide_bare(found: re.Match[str], hide: Hide, class_of: ClassOf) -> str:
    first = found.start()
    before = found.string[max(0, first - _MOST_BEFORE) : first].rsplit(None, 1)[-1].lstrip("\"'(<[{")
    if _MARK in before or before.startswith("/"):
        return f"?{hide_query(found[0][1:], hide, class_of)}"
    return found[0]


def _hide_named(found: re.Match[str], hide: Hide, class_of: ClassOf) -> str:
    query: str = found["query"]
    return f"{found[0].removesuffix(query)}{hide_query(query, hide, class_of)}"


def _hide_anchors(text: str, hide: Hide) -> str:
    pieces = []
    done = 0
    for found in _ANCHOR.finditer(text):
        first, key = found.end(), found[1]
        before = text[max(0, first - _MOST_BEFORE) : first].rsplit(None, 1)[-1]
        if _MARK in before and all(search(key) is not None for search in _KEY_LIKE):
            pieces.append(text[done:first])
            pieces.append(hide("query", key))
            done = found.end(1)
    return "".join((*pieces, text[done:])) if pieces else text


def _hide_user_infos(text: str, hide: Hide) -> str:
    if _MARK in text:
        text = _hide_authorities(text, hide)
    for gate, pattern in _OTHER_USER_INFO:
        if gate in text:
            text = pattern.sub(lambda found: found[1] + _hide_user_info(found[2], hide), text)
    return text


def _hide_user_info(text: str, hide: Hide) -> str:
    return text if MARKER.fullmatch(text) is not None else hide("credentials", text)


def _hide_authorities(text: str, hide: Hide) -> str:
    """Hide what stands between `://` and `@`.

    The next `@` and the next end of a URL are looked for once each, not once for every `://`.
    """
    pieces = []
    done = at = end = 0
    mark = text.find(_MARK)
    while mark >= 0:
        begin = mark + len(_MARK)
        if at < begin:
            at = text.find("@", begin)
            if at < 0:
                break
        if end < begin:
            end = _end(text, begin)
        if at < end and at - begin <= _MOST_USER_INFO:
            found = _USER_INFO.match(text, begin, end)
            if found is not None and _is_credential(text, mark, found[0]):
                pieces.append(text[done:begin])
                pieces.append(hide("credentials", found[0][:-1]))
                done = begin = found.end() - 1
        mark = text.find(_MARK, begin)
    return "".join((*pieces, text[done:])) if pieces else text


def _hide_option(found: re.Match[str], hide: Hide, *, of_client: bool) -> str:
    """Hide `user:password` behind an option; a user and a group stand behind the same one."""
    value: str = found["quoted"] or found["bare"]
    _, _, password = value.partition(":")
    if _TEMPLATE.match(password) is not None or MARKER.fullmatch(value) is not None:
        return found[0]
    if not of_client and not _is_mixed(password):
        return found[0]
    return f"{found[0].removesuffix(value)}{hide('credentials', value)}"


def _is_mixed(password: str) -> bool:
    return len(password) >= _LEAST_PASSWORD and not password.isdigit() and any(map(str.isdigit, password))


def _end(text: str, begin: int) -> int:
    found = _END.search(text, begin)
    return len(text) if found is None else found.start()


def _is_credential(text: str, mark: int, user_info: str) -> bool:
    if user_info == "@" or MARKER.fullmatch(user_info[:-1]) is not None:
        return False
    if _USER.fullmatch(user_info) is None:
        return True
    scheme = _SCHEME.search(text, max(0, mark - _LONGEST_SCHEME), mark)
    return scheme is None or scheme[0].lower() in _WEB
