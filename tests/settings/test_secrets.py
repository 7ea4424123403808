"""What is never shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ameide_telemetry.settings.secrets import concealed_headers, concealed_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://h:4318/v1", "http://h:4318/v1"),
        ("http://u:p@h/v1", "http://***@h/v1"),
        ("http://u:p@h/v1?key=1", "http://***@h/v1?***"),
        ("http://h#part", "http://h?***"),
        ("http://u:p/q@h", "http://***@h"),
        ("http:/u:p@h", "***@h"),
        ("u:p@h:1", "***@h:1"),
    ],
)
def test_url(url: str, shown: str) -> None:
    """Credentials and queries are replaced, also in a URL that is malformed."""
    assert concealed_url(url) == shown


@given(st.text(max_size=20), st.text(max_size=20))
def test_password_never_survives(before: str, after: str) -> None:
    """Whatever stands around it, a password before an `@` is not shown."""
    assert "s3same" not in concealed_url(f"http://u:{before}s3same{after}@h")


def test_headers() -> None:
    """Names stay, values go."""
    assert concealed_headers([("a", "1")]) == (("a", "***"),)
