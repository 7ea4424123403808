"""Values that give themselves away are found wherever they stand, and ids stay as they are."""

from __future__ import annotations

from random import Random

import pytest

from ameide_telemetry.redaction import Found, RedactionPolicy, Redactor
from redaction.kit import machines
from redaction.kit.lines import SHAPES, line
from redaction.kit.machines import MACHINES, SIXTEEN_DIGITS
from redaction.kit.people import PEOPLE

REDACTOR = Redactor(RedactionPolicy())
POSITIVES = 2_000
NEGATIVES = 20_000
SOAK = 1_000_000
LINES = 20_000


def _recall(kind: str, count: int) -> tuple[float, list[str]]:
    make, frames = PEOPLE[kind]
    random = Random(kind)
    missed = []
    for number in range(count):
        value = make(random)
        text = frames[number % len(frames)].format(value)
        if value in REDACTOR.text(text, {}):
            missed.append(text)
    return 1 - len(missed) / count, missed


def _touched(name: str, count: int) -> list[str]:
    make = MACHINES[name]
    random = Random(name)
    texts = (machines.FRAMES[n % len(machines.FRAMES)].format(make(random)) for n in range(count))
    return [text for text in texts if REDACTOR.text(text, {}) != text]


@pytest.mark.parametrize("kind", PEOPLE)
def test_at_least_99_of_100_generated_values_are_found(kind: str) -> None:
    """Of 2,000 values of each kind in eight or more frames, 99 % are redacted."""
    recall, missed = _recall(kind, POSITIVES)
    print(f"{kind}: recall {recall:.4f}")
    assert recall >= 0.99, missed[:5]


@pytest.mark.parametrize("name", MACHINES)
def test_generated_ids_and_times_are_never_redacted(name: str) -> None:
    """Of 20,000 ids or times of each kind, alone and within a sentence, none is touched."""
    assert _touched(name, NEGATIVES) == []


@pytest.mark.soak
@pytest.mark.parametrize("name", MACHINES)
def test_a_million_generated_ids_are_never_redacted(name: str) -> None:
    """Of a million ids or times of each kind, none is touched."""
    assert _touched(name, SOAK) == []


def test_a_bare_number_of_sixteen_digits_is_hardly_ever_redacted() -> None:
    """At most one of 10,000 numbers as long as that of a card is taken for one."""
    random = Random(16)
    touched = sum(
        REDACTOR.text(text, {}) != text for text in (SIXTEEN_DIGITS(random) for _ in range(NEGATIVES))
    )
    assert touched <= NEGATIVES // 10_000


def test_lines_without_secrets_stay_as_they_are() -> None:
    """Of 20,000 lines of more than sixty shapes, at most two are touched."""
    assert len(SHAPES) >= 60
    random = Random(60)
    touched = {text for text in (line(random) for _ in range(LINES)) if REDACTOR.text(text, {}) != text}
    assert len(touched) <= LINES // 10_000, sorted(touched)[:10]


CLEAN = (
    "git@host:org/repo",
    "git@github.com:org/repo",
    "ssh://git@github.com/org/repo",
    "pkg@1.2.3",
    "pkg@1.2.3-beta.rc",
    "image@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "version 4.18.0.305 of 6.1.1.0",
    "blk_-1608999687919862906",
    "Bearer authentication required",
    "bearer authentication-required",
    "Basic authentication is off",
    "token: unexpected '}'",
    "password=None",
    "password: None, token=null",
    "token = get_token(x)",
    "password = os.environ['PW']",
    "token = self.token",
    "user = login(password=form.password)",
    "def login(name: str, password: str = '', token: Optional[str] = None) -> None:",
    "def login(password: SecretStr, api_key: str | None) -> None:",
    "select a file from disk 3",
    "Select 'small' from the list",
    "update your settings 'now'",
    "call get(3) 'later'",
    "password: too short",
    "Password: must have 8 characters",
    "icon@2x.png getty@tty1.service",
    "offset +33554432 and +1 2 3",
    "the token expired, the password is wrong: see the manual",
    "token=Token{a64f992 ActivityRecord{de9231d",
    "activity token: android.os.BinderProxy@2bd79ce",
    "dsn=4.0.0, stat=Deferred",
    "api_key={api_key} secret=%s token=${TOKEN} password=***",
    'headers = {"Authorization": f"Bearer {token}"}',
    'WWW-Authenticate: Bearer realm="x", error="invalid_token"',
    "arn:aws:iam::123456789012:role/admin",
    "sk-frontend-deployment-7d9f8b6c5-x2x4z",
    "https://shop.test/orders/8?page= http://[::1]:8080/x",
)


@pytest.mark.parametrize("text", CLEAN)
def test_text_that_only_looks_like_a_secret_stays(text: str) -> None:
    """What has the shape of a secret and is none is not touched."""
    assert REDACTOR.text(text, {}) == text


FOUND = (
    ("call ++49301234567", "phone"),
    ("c++49301234567 +++49301234567 a ++i", None),
    # A number behind a number, and names that say what else a number is.
    ("4111 1111 1111 1111 12/28 123", "card"),
    ("4111 1111 1111 1111 123", "card"),
    ("4111 1111 1111 1111 2 times", "card"),
    ("4111-1111-1111-1111 12/28", "card"),
    ("4111-1111-1111-1111-2", None),
    ("payment_id=4526533175575379", None),
    ('card "paymentId": "4526533175575379"', None),
    ("payment id 4526533175575379", None),
    ("payment ID: 4526533175575379", None),
    ("card charge txn_id=4526533175575379", None),
    ("cards ids=[4526533175575379]", None),
    ("paid 4526533175575379", "card"),
    ("card paid=4526533175575379", "card"),
    ("AKIAIOSFODNN7EXAMPLE", "key"),
    ("ghp_" + "a1B2" * 9, "key"),
    ("glpat-" + "a1B2" * 5, "key"),
    ("sk-ant-api03-" + "a1B2" * 8, "key"),
    ("xoxb-123456789012-" + "a1B2" * 4, "key"),
    ("sk_live_" + "a1B2" * 5, "key"),
    ("https://hooks.test/services/T00000000/B00000000/" + "X" * 24, "key"),
    ("https://api.test/bot123456789:AA" + "a1B" * 11 + "/send", "key"),
    ("Bearer 8f3a9b2c7d1e", "authorization"),
    ("Bearer%208f3a9b2c7d1e", "authorization"),
    ("basic dXNlcjpwYXNzd29yZA==", "authorization"),
    ("Bearer%20eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "jwt"),
    ("'x\\neyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln'", "jwt"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "private_key"),
    ("-----BEGIN PRIVATE KEY-----\\nMIIE", "private_key"),
    ("MIIE\n-----END OPENSSH PRIVATE KEY-----", "private_key"),
    ("bob\uff20example.com", "email"),
    ("bob\\u0040example.com", "email"),
    ("bob%2540example.com", "email"),
    ("kontakt+49-30-1234567", None),
    ("tel:+49-30-12345678", "phone"),
    ("%2B4915112345678", "phone"),
    ("DE89-3704-0044-0532-0130-00", "iban"),
    ("GB82 WEST 1234 5698 7654 32.", "iban"),
    ("DE88 3704 0044 0532 0130 00", None),
    ("4111 1111 1111 1111", "card"),
    ("4111 1111 1111 1112", None),
    ("order 4111111111111111", None),
    ("visa 4111111111111111", "card"),
    ("/items/4929-2891-4099-1166", "card"),
    ("/items/4278 4127 0914 8039", "card"),
    ("/items/4111111111111111", None),
    ("/visa/4111111111111111", None),
    ("/items/2026-1122-1830-0000", None),
    ("note=card+5178887809452662", "card"),
    ("note=5178887809452662+card", "card"),
    ("note=order+5178887809452662", None),
    ("note=4929+2891+4099+1166&b=1", "card"),
    ("note=4929%202891%204099%201166", "card"),
    ("card%20349401740997184", "card"),
    ("note=DE89+3704+0044+0532+0130+00", "iban"),
    ("note=-----BEGIN+RSA+PRIVATE+KEY-----%0AMIIE%2Ba%0A-----END+RSA+PRIVATE+KEY-----%0A", "private_key"),
    ("-----BEGIN%20PRIVATE%20KEY-----%0AMIIE%0A-----END%20PRIVATE%20KEY-----", "private_key"),
    ('{"note": "-----BEGIN EC PRIVATE KEY-----\\nMIIE\\n-----END EC PRIVATE KEY-----\\n"}', "private_key"),
    ("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KE", "private_key"),
    ("-----BEGIN PUBLIC KEY-----\nMIIE\n-----END PUBLIC KEY-----", None),
    ("Set-Up: x; .eJwNyEEKgCAQBdC7_LWLoBYT.aSDqGg.0K9qBd5pXvWmB5f6yG1mT0hJ3xI", "cookie"),
    ("session=eJwNyEEKgCAQBdC7_LWLoBYTNz", "cookie"),
    ("note=eJwNyEEKgCAQBdC7_LWLoBYTNz", None),
)


@pytest.mark.parametrize(("text", "kind"), FOUND)
def test_a_value_is_told_by_how_it_looks(text: str, kind: str | None) -> None:
    """Each kind is found once and counted once, and near misses are none."""
    found: Found = {}
    redacted = REDACTOR.text(text, found)
    assert found == ({} if kind is None else {kind: 1})
    assert (redacted == text) is (kind is None)


BESIDE_KEYS = (
    ("the key MIIE\n-----END PRIVATE KEY-----' for it", "the key [redacted:private_key]' for it"),
    ("\\nMIIE\\n-----END PRIVATE KEY-----\\n", "\\n[redacted:private_key]\\n"),
    ("'-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----'", "'[redacted:private_key]'"),
    ("a=-----BEGIN+PRIVATE+KEY-----%0AM%0A-----END+PRIVATE+KEY-----&b=c", "a=[redacted:private_key]&b=c"),
    ("a=MIIE%0A-----END+PRIVATE+KEY-----&b=c", "a=[redacted:private_key]&b=c"),
)


@pytest.mark.parametrize(("text", "shown"), BESIDE_KEYS)
def test_what_stands_beside_a_private_key_stays(text: str, shown: str) -> None:
    """From its first dash to its last one, no more and no less; without them what can be base64."""
    assert REDACTOR.text(text, {}) == shown


HEX, WORD, UPPER = "0a1b2c3d" * 8, "a1B2" * 25, "A1B2" * 16
VENDORS = (
    *(f"dp.{kind}.{WORD[:40]}" for kind in ("pt", "st", "st.prd", "ct", "sa")),
    *(f"do{kind}_v1_{HEX}" for kind in "por"),
    *(f"pscale_{kind}_{WORD[:43]}" for kind in ("pw", "tkn")),
    *(f"NR{kind}" for kind in ("JS-" + HEX[:19], "AK-" + UPPER[:27])),
    *("figd_" + WORD[:40], "glc_" + WORD[:80], "sbp_" + HEX[:40], "fm2_" + WORD[:100], "hvp." + WORD[:90]),
    *(f"{WORD[:14]}.atlasv1.{WORD[:67]}", f"dt0c01.{UPPER[:24]}.{UPPER}", f"pat{WORD[:14]}.{HEX}"),
    *("EAAA" + WORD[:60], f"{HEX[:32]}-us12", "key-" + HEX[:32], "SK" + HEX[:32], "HRKU-" + WORD[:60]),
    *(f"xkeysib-{HEX}-{WORD[:16]}", "pplx-" + WORD[:48], "xai-" + WORD[:80], "r8_" + WORD[:37]),
    *("rubygems_" + HEX[:48], "GR1348941" + WORD[:20], "lin_api_" + WORD[:40], "ntn_" + WORD[:46]),
    *(
        "secret_" + WORD[:43],
        "gsk_" + WORD[:52],
        "dapi" + HEX[:32],
        "HRKU-01234567-89ab-cdef-0123-456789abcdef",
    ),
)


@pytest.mark.parametrize("key", VENDORS)
def test_a_vendors_key_is_told_by_its_prefix(key: str) -> None:
    """Alone, quoted, within a sentence and escaped, and nothing of it stays; behind a letter it is none."""
    for frame in ("{}", "'{}'", "the partner has {} on file", "note={}&b=1", "https://x.test/{}", "%22{}%22"):
        found: Found = {}
        redacted = REDACTOR.text(frame.format(key), found)
        assert (found, key[-8:] in redacted) == ({"key": 1}, False)
    assert REDACTOR.text(f"x{key}", {}) == f"x{key}"


HOOKS = (
    "https://discord.com/api/webhooks/123456789012345678/" + WORD[:68],
    "https://discordapp.com/api/v10/webhooks/1234567890123456789/" + WORD[:68],
    "https://hooks.slack.com/services/T0/B0/" + WORD[:24],
    "https://hooks.slack.com/workflows/T0A1B2C3D/A0A1B2C3D/123456789012345678/" + WORD[:24],
)


@pytest.mark.parametrize("hook", HOOKS)
def test_of_a_web_hook_the_host_stays_and_the_token_goes(hook: str) -> None:
    """Whoever knows such an address can write under it."""
    found: Found = {}
    redacted = REDACTOR.text(f"POST {hook} 204", found)
    assert found == {"key": 1}
    assert redacted.startswith(f"POST {hook[:23]}")
    assert redacted.endswith("[redacted:key] 204")


NO_KEYS = (
    f"digest {HEX}",
    f"etag {HEX[:32]}",
    f"{HEX[:32]}-use1",
    f"a{HEX[:32]}-us12",
    f"monkey-{HEX[:32]}",
    f"key-{HEX}",
    f"key-{HEX[:31]}",
    f"SK{HEX[:31]} TASK{HEX[:32]} SK{HEX[:32]}0",
    f"path{WORD[:14]}.{HEX}",
    f"pat{WORD[:14]}.{HEX[:40]}",
    f"EAAA{WORD[:20]} EAAA{WORD[:61]}",
    "secret_name_of_the_service_in_the_vault_of_the_team",
    f"secret_{WORD[:42]}",
    f"r8_{WORD[:20]} figd_{WORD[:10]} glc_{WORD[:10]} sbp_{HEX[:20]} xai-grok-2-latest-vision",
    "pplx-70b-online-with-a-very-long-name-of-a-model-behind-it",
    "dt0c01.SHORT.SHORT dp.st.short rubygems_mirror_of_the_company",
    "GR1348941 HRKU-1 NRJS-1 hvp.short fm2_short",
    "https://discord.com/api/webhooks/123456789012345678",
    "hooks.slack.com/services answered 200",
)


@pytest.mark.parametrize("text", NO_KEYS)
def test_what_begins_like_a_vendors_key_and_is_none_stays(text: str) -> None:
    """A hash, another length, another word before: nothing is touched."""
    assert REDACTOR.text(text, {}) == text
