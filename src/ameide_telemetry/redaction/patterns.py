"""Values that are what they are whatever they are called: addresses, tokens, keys, numbers of cards.

Each kind has a gate, a test that is cheap and that nearly all texts fail; only what passes is searched. Every
search takes time in proportion to the text: repetitions are bounded or possessive, and begin where a word
begins.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Final

from ameide_telemetry.redaction.checks import iban_length, is_card, is_iban, is_phone

if TYPE_CHECKING:
    from ameide_telemetry.redaction.hiding import Hide

__all__ = ["hide_values", "may_hold"]


# A word may begin behind an escape of a URL or of a string, too.
_EDGE: Final = r"(?:(?<![A-Za-z0-9_\-])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt]))"
# What forms write for a space.
_SPACE: Final = r"(?: |\+|%20)"
_PEM_LABEL: Final = rf"{_SPACE}(?:[A-Z0-9]{{1,12}}{_SPACE}){{0,3}}PRIVATE{_SPACE}KEY(?:{_SPACE}BLOCK)?-----"
# The label behind the body may be cut.
_PEM: Final = re.compile(
    rf"-----BEGIN{_PEM_LABEL}(?:(?!-----END[ +%]).){{0,16384}}+"
    rf"(?:-----END(?:{_SPACE}[A-Z0-9]{{1,12}}+){{0,5}}+-{{0,5}})?",
    re.DOTALL,
)
# Only its end is there when a text was cut; what stands before it is read backwards, line by line.
_PEM_END: Final = re.compile(rf"-----END{_PEM_LABEL}")
_BREAK: Final = r"(?:[ \t]{0,16}[\r\n]|[rn]\\|[ADad]0%)"
_BASE64: Final = rf"(?:(?!{_BREAK})[A-Za-z0-9+/%])"
_PEM_BODY: Final = re.compile(
    rf"{_BREAK}*+(?:={{0,2}}|(?:D3%){{0,2}}){_BASE64}++"
    rf"(?:{_BREAK}++{_BASE64}{{16,}}+| {_BASE64}{{40,}}+|{_BREAK}++{_BASE64}++\Z)*+"
)
_MAX_PEM: Final = 16_384
_JWT: Final = re.compile(r"(?<![A-Za-z0-9_\-])[A-Za-z0-9_\-]{7,}+(?:\.[A-Za-z0-9_\-]*+){1,4}")
_LEAST_HEADER: Final = 10
_LEAST_CLAIMS: Final = 16
_SCHEME: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:bearer|basic)(?: {1,3}|\t|\+|%20|:)(?=[^\s]{8})", re.IGNORECASE
)
_NOT_SCHEME: Final = " \t+%20:"
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/\-]{8,}+=*+")
_LONG_TOKEN: Final = 32
_KEY: Final = re.compile(
    _EDGE + r"(?:"
    r"A(?:KIA|SIA|BIA|CCA)[A-Z2-7]{16}(?![A-Za-z0-9])"  # AWS
    r"|AIza[A-Za-z0-9_\-]{30,64}+|ya29\.[A-Za-z0-9_\-]{20,}+|GOCSPX-[A-Za-z0-9_\-]{20,}+"  # Google
    r"|gh[pousr]_[A-Za-z0-9]{30,}+|github_pat_[A-Za-z0-9_]{40,}+"  # GitHub
    r"|gl(?:pat|dt|rt|cbt|ptt|soat)-[A-Za-z0-9_\-.]{20,}+"  # GitLab
    r"|xox[abeoprs]-[A-Za-z0-9\-]{10,}+|xapp-[0-9]-[A-Za-z0-9\-]{10,}+"  # Slack
    r"|T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/[A-Za-z0-9]{20,}+"  # Slack, in the path of a web hook
    r"|[srp]k_(?:live|test)_[A-Za-z0-9]{16,}+|whsec_[A-Za-z0-9+/=]{16,}+"  # Stripe
    r"|sk-(?:ant|proj|svcacct|admin|or)-[A-Za-z0-9_\-]{20,}+|sk-[A-Za-z0-9]{32,}+"  # Anthropic, OpenAI
    r"|SG\.[A-Za-z0-9_\-]{16,}+\.[A-Za-z0-9_\-]{16,}+"  # SendGrid
    r"|npm_[A-Za-z0-9]{36,}+|pypi-Ag[A-Za-z0-9_\-]{32,}+|dckr_pat_[A-Za-z0-9_\-]{20,}+"  # registries
    r"|hf_[A-Za-z0-9]{30,}+|do[opr]_v1_[0-9a-f]{64}|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"  # and others
    r"|hv[sbrp]\.[A-Za-z0-9_\-]{20,}+|AGE-SECRET-KEY-1[0-9A-Z]{50,}+|glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}"
    r"|PMAK-[0-9a-f]{24}-[0-9a-f]{34}|sq0(?:atp|csp)-[A-Za-z0-9_\-]{22,}+|NRAK-[A-Z0-9]{27}"
    r"|EAACEdEose0cBA[0-9A-Za-z]{1,512}+|AC[0-9a-f]{32}(?=:[0-9a-f]{32})"
    r"|(?:bot)?[0-9]{8,10}:AA[A-Za-z0-9_\-]{32,40}+"  # Telegram
    r"|ATATT3[A-Za-z0-9_\-=]{60,}+|lin_api_[A-Za-z0-9]{32,}+|ntn_[A-Za-z0-9]{40,}+|dapi[0-9a-f]{32}"
    r"|sntry[su]_[A-Za-z0-9_\-+/=]{40,}+|gsk_[A-Za-z0-9]{40,}+|tskey-[a-z]{1,12}-[A-Za-z0-9\-]{16,}+"
    r"|dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_\-]{2,35}\.)?[A-Za-z0-9]{40,44}+"  # Doppler
    r"|pscale_(?:pw|tkn|oauth)_[A-Za-z0-9_\-.=]{32,}+|sbp_[A-Za-z0-9_]{40,}+|fm[12][a-z]?_[A-Za-z0-9+/=]{40,}+"
    r"|[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_\-=]{60,}+"  # Terraform
    r"|dt0[a-z]01\.[A-Z0-9]{24}\.[A-Z0-9]{64}|pat[A-Za-z0-9]{14}\.[0-9a-f]{64}"  # Dynatrace, Airtable
    r"|figd_[A-Za-z0-9_\-]{36,}+|glc_[A-Za-z0-9+/=]{32,}+|GR1348941[A-Za-z0-9_\-]{20,}+"
    r"|(?:EAAA[A-Za-z0-9_\-]{60}|secret_[A-Za-z0-9]{43})(?![A-Za-z0-9_\-+/=])"  # Square, Notion
    r"|(?:[0-9a-f]{32}-us[0-9]{1,2}|key-[0-9a-f]{32}|SK[0-9a-f]{32})(?![A-Za-z0-9_\-])"  # Mailchimp, Mailgun
    r"|HRKU-(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Za-z0-9_]{40,}+)|NRJS-[0-9a-f]{19}"
    r"|x(?:key|smtp)sib-[0-9a-f]{64}(?:-[A-Za-z0-9]{16,}+)?|pplx-[A-Za-z0-9]{40,}+|xai-[A-Za-z0-9]{60,}+"
    r"|r8_[A-Za-z0-9]{37}(?![A-Za-z0-9_\-])|rubygems_[0-9a-f]{48}"
    r")"
)
# Whoever knows the address of a web hook can write under it.
_HOOK: Final = re.compile(
    r"(discord(?:app)?\.com/api/(?:v[0-9]{1,2}/)?webhooks/[0-9]{15,20}/"
    r"|hooks\.slack\.com/(?:services|workflows|triggers)/)([A-Za-z0-9_\-/]{20,}+)"
)
# Sessions that web frameworks sign and compress: zlib begins with `eJ` in base64.
_SESSION: Final = re.compile(
    r"(?:(?<![\w.\-])|(?<=%[0-9A-F]{2}))\.?eJ[w-z][A-Za-z0-9_\-]{13,}+[.:][A-Za-z0-9_\-]{5,7}[.:]"
    r"[A-Za-z0-9_\-]{27,43}(?![\w\-])|(?:(?<=session=)|(?<=sessionid=))\.?eJ[w-z][A-Za-z0-9_\-.:]{17,}+"
)
_AT: Final = r"(?:@|%(?:25)?40|\\u0040|&#(?:64|x40);|\uff20)"
_DOMAIN: Final = re.compile(_AT + r"(?=([^\s@<>()\[\]{},;:\\\"'/=?&#%!|*$^`~+]{1,255}+))", re.IGNORECASE)
_LABELS: Final = re.compile(
    r"(?:[^\W_](?:[\w\-]{0,61}[^\W_])?\.){1,8}(?:xn--[A-Za-z0-9\-]{1,59}|[^\W\d_]{2,24})(?![\w\-])"
)
# Versions of packages, units of systemd and files have such names too.
_NO_DOMAIN: Final = re.compile(
    r"v?[0-9]+\.[0-9]|(?:.{1,255}\.)?(?:service|socket|timer|mount|automount|slice|scope|target|device|swap"
    r"|png|jpe?g|gif|svg|webp|css|mjs|json|html?|txt|log|ya?ml|lock|whl|gz|tgz|jar|dll|exe)\Z",
    re.IGNORECASE,
)
# What a copy or a clone over SSH writes behind the host.
_REMOTE_PATH: Final = re.compile(r":[\w.~/\-]{1,256}\.git(?![\w.])")
# RFC 5322 atoms without what usually surrounds an address in text.
_NOT_LOCAL: Final = " \t\r\n\v\f\u00a0@<>()[]{},;:\\\"'/=?&#|*`$^!~"
_MAX_LOCAL: Final = 64
_BEFORE_PATH: Final = (":", "/")
_REPOSITORIES: Final = frozenset({"git", "hg", "svn"})
# What every number of a card and of an account has, and every key: much without a space.
_SPACES: Final = " \\-\u00a0\u2011\u202f"
_DIGITS: Final = re.compile(rf"[0-9]{{2}}[0-9A-Z{_SPACES}]{{9}}").search
_LEAST_DIGITS: Final = 13
_LONG: Final = re.compile(r"[A-Za-z0-9_\-]{20}").search
_LEAST_LONG: Final = 20
_GAP: Final = rf"[{_SPACES}+]|%20"
# In one piece behind a `/` it is rather an id, and behind a `+` a difference.
_CARD: Final = re.compile(
    rf"(?:(?<![\w.\-+%])|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{{2}})|(?<=[A-Za-z]\+))(?:"
    rf"[0-9]{{4}}({_GAP})[0-9]{{4}}\1[0-9]{{4}}\1[0-9]{{1,7}}(?:\1[0-9]{{1,3}})?"
    rf"|[0-9]{{4}}({_GAP})[0-9]{{6}}\2[0-9]{{4,5}}|(?<!/)[0-9]{{13,19}})(?![\w\-]|\.[0-9])",
    re.ASCII,
)
# The same with spaces as forms write them.
_FORM_DIGITS: Final = re.compile(r"[0-9]{2}(?:\+|%20)[0-9A-Z]{4,6}(?:\+|%20)").search
_CARD_WORDS: Final = re.compile(
    r"(?<![A-Za-z])(?i:cards?|pan|visa|mastercard|amex|maestro|discover|jcb|cc|credit|debit|pay|paid|payment"
    r"|charged?|creditcard|ccnum)(?![a-z])|(?<=[a-z])(?:Card|Pan)(?![a-z])"
)
_BEFORE: Final = 40
_AFTER: Final = 20
_IBAN: Final = re.compile(
    rf"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-F]{{2}})|(?<=\\[nrt]))[A-Z]{{2}}[0-9]{{2}}(?=(?:{_GAP})?[A-Z0-9])"
)
_NO_GAPS: Final = dict.fromkeys(map(ord, " +-\u00a0\u2011\u202f"))
_IBAN_PIECE: Final = re.compile(rf"(?P<gap>{_GAP})|[A-Z0-9]{{1,4}}")
_MAX_IBAN: Final = 64
_PHONE: Final = re.compile(
    r"(?:(?<![\w+])|(?<=%2[02])|(?<=\\[nrt]))(?:\+|%2[Bb])\(?[0-9]{1,15}+(?![0-9A-Za-wyz_])"
    r"(?:[ .\-()/\u00a0\u2011]{1,2}[0-9]{1,14}+(?![0-9A-Za-wyz_])){0,7}+",
    re.ASCII,
)
_GROUP: Final = re.compile(r"[0-9]+")
_NOT_DIGITS: Final = re.compile(r"[^0-9]+")
# Of all that can be found, nearly everything has one of these, or a telling name before `=` or `:`.
_SIGN: Final = re.compile(r"[@?+%'\\\uff20]").search


def may_hold(text: str) -> bool:
    """Tell whether text can hold any of what is told by how it looks.

    Nearly all texts of a service cannot, and a few tests for single characters say so.
    """
    if (
        _SIGN(text) is not None
        or "--" in text
        or "</" in text
        or "&#" in text
        or "&q" in text
        or " -u" in text
        or " -U" in text
    ):
        return True
    size = len(text)
    if size < _LEAST_DIGITS:
        return False
    if " FROM " in text or " INTO " in text or " SET " in text or _names_driver(text):
        return True
    if _DIGITS(text) is not None or _names_scheme(text):
        return True
    return size >= _LEAST_LONG and _LONG(text) is not None


def _names_driver(text: str) -> bool:
    return "row contains (" in text or "Key (" in text or "[parameters: " in text or "[SQL: " in text


def _names_scheme(text: str) -> bool:
    return "earer" in text or "asic" in text or "EARER" in text or "ASIC" in text


def hide_values(text: str, hide: Hide) -> str:
    """Return text with everything hidden that is told by how it looks."""
    if "-----" in text:
        text = _PEM.sub(lambda found: hide("private_key", found[0]), text)
        if "-----END" in text:
            text = _hide_ends_of_keys(text, hide)
    if "eyJ" in text:
        text = _JWT.sub(lambda found: _jwt(found, hide), text)
    if _names_scheme(text):
        text = _hide_schemes(text, hide)
    if _LONG(text) is not None:
        text = _hide_keys(text, hide)
    if "@" in text or "40" in text or "\uff20" in text or "&#64" in text:
        text = _hide_emails(text, hide)
    if "+" in text or "%2" in text:
        text = _PHONE.sub(lambda found: _phone(found[0], hide), text)
    if _DIGITS(text) is not None or _FORM_DIGITS(text) is not None:
        text = _hide_ibans(text, hide)
        text = _CARD.sub(lambda found: _card(found, hide), text)
    return text


def _hide_keys(text: str, hide: Hide) -> str:
    if "hooks" in text:
        text = _HOOK.sub(lambda found: found[1] + hide("key", found[2]), text)
    if "eJ" in text:
        text = _SESSION.sub(lambda found: hide("cookie", found[0]), text)
    return _KEY.sub(lambda found: hide("key", found[0]), text)


def _hide_ends_of_keys(text: str, hide: Hide) -> str:
    pieces = []
    done = begin = 0
    for label in _PEM_END.finditer(text):
        before = text[max(begin, label.start() - _MAX_PEM) : label.start()]
        begin = label.end()
        body = _PEM_BODY.match(before[::-1])
        if body is not None:
            first = label.start() - body.end()
            pieces.append(text[done:first])
            pieces.append(hide("private_key", text[first:begin]))
            done = begin
    return "".join((*pieces, text[done:])) if pieces else text


def _jwt(found: re.Match[str], hide: Hide) -> str:
    """Hide a token from where it begins in a run of its characters, of which the front may be another's."""
    text = found[0]
    header, _, rest = text.partition(".")
    begin = header.find("eyJ")
    if begin < 0 or len(header) - begin < _LEAST_HEADER:
        return text
    if begin and not rest.startswith("eyJ") and len(rest) < _LEAST_CLAIMS:
        return text
    end = len(text.rstrip("."))
    return text[:begin] + hide("jwt", text[begin:end]) + text[end:]


def _hide_schemes(text: str, hide: Hide) -> str:
    pieces = []
    done = 0
    for scheme in _SCHEME.finditer(text):
        token = _TOKEN.match(text, scheme.end())
        if (
            token is not None
            and scheme.start() >= done
            and _is_credential(scheme[0].rstrip(_NOT_SCHEME).lower(), token[0])
        ):
            pieces.append(text[done : token.start()])
            pieces.append(hide("authorization", token[0]))
            done = token.end()
    return "".join((*pieces, text[done:])) if pieces else text


def _is_credential(scheme: str, token: str) -> bool:
    if scheme == "basic":
        try:
            return b":" in base64.b64decode(token + "=" * (-len(token) % 4), validate=True)
        except (binascii.Error, ValueError):
            return False
    # A word of prose has no digit.
    return len(token) >= _LONG_TOKEN or any(each.isdigit() for each in token)


def _hide_emails(text: str, hide: Hide) -> str:
    pieces = []
    done = 0
    for at in _DOMAIN.finditer(text):
        begin = at.start()
        if begin < done:
            continue
        domain = _LABELS.match(text, at.start(1), at.end(1))
        if domain is None:
            continue
        local = _local(text[max(done, begin - _MAX_LOCAL) : begin])
        end = domain.end()
        if not local or _is_no_address(text, local, domain):
            continue
        first = begin - len(local)
        pieces.append(text[done:first])
        pieces.append(hide("email", text[first:end]))
        done = end
    return "".join((*pieces, text[done:])) if pieces else text


def _is_no_address(text: str, local: str, domain: re.Match[str]) -> bool:
    end = domain.end()
    if _NO_DOMAIN.match(domain[0]) is not None or _REMOTE_PATH.match(text, end) is not None:
        return True
    return local.lower() in _REPOSITORIES and text[end : end + 1] in _BEFORE_PATH


def _local(before: str) -> str:
    """Return the part of an address before its `@`: the end of a text, as far as it can belong to one."""
    for index in range(len(before) - 1, -1, -1):
        if before[index] in _NOT_LOCAL:
            before = before[index + 1 :]
            break
    return before.lstrip(".")


def _phone(text: str, hide: Hide) -> str:
    """Hide as many of the groups of digits as make a number; what comes behind it may be another one."""
    front = 3 if text[0] == "%" else 1
    for group in reversed([*_GROUP.finditer(text, front)]):
        end = group.end()
        if is_phone(_NOT_DIGITS.sub("", text[front:end])):
            return hide("phone", text[:end]) + text[end:]
    return text


def _hide_ibans(text: str, hide: Hide) -> str:
    pieces = []
    done = 0
    for begin in _IBAN.finditer(text):
        first = begin.start()
        last = _iban_end(text, first) if first >= done else 0
        if last:
            pieces.append(text[done:first])
            pieces.append(hide("iban", text[first:last]))
            done = last
    return "".join((*pieces, text[done:])) if pieces else text


def _iban_end(text: str, first: int) -> int:
    """Return where the IBAN ends that begins at `first`, spaces between its groups included; 0 for none."""
    left = iban_length(text[first : first + 2])
    # Nearly all that only begins like one is refused here, in a fraction of the time that its groups take.
    compact = text[first : first + _MAX_IBAN].replace("%20", "").translate(_NO_GAPS)[:left]
    if not left or not is_iban(compact):
        return 0
    characters = ""
    last = first
    while len(characters) < left:
        piece = _IBAN_PIECE.match(text, last, first + _MAX_IBAN)
        if piece is None or (piece["gap"] and len(characters) % 4):
            return 0
        part = "" if piece["gap"] else piece[0][: left - len(characters)]
        characters += part
        last += len(part or piece[0])
    return 0 if text[last : last + 1].isalnum() else last


def _card(found: re.Match[str], hide: Hide) -> str:
    digits = _NOT_DIGITS.sub("", found[0].replace("%20", " "))
    if not is_card(digits):
        return found[0]
    if len(digits) != len(found[0]):
        return hide("card", found[0])
    # Ids of other kinds are numbers as long; one in forty of them passes for a card.
    text, first, last = found.string, found.start(), found.end()
    around = f"{text[max(0, first - _BEFORE) : first]} {text[last : last + _AFTER]}"
    return hide("card", found[0]) if _CARD_WORDS.search(around) else found[0]
