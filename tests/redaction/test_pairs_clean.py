"""Lines of ordinary servers with names of secrets and no secrets."""

from __future__ import annotations

import pytest

from ameide_telemetry.redaction import RedactionPolicy, Redactor

REDACTOR = Redactor(RedactionPolicy())

CLEAN = (
    # Kubernetes and what runs on it.
    "app.kubernetes.io/name=web kubernetes.io/secret=foo-bar pod=7d9f8b6c5",
    '"kubernetes.io/service-account-token": "default"',
    'cert-manager "msg"="Issuing" "key"="default/my-tls" "secret"="default/my-tls"',
    'level=info msg="synced" secret=monitoring/grafana-admin namespace=monitoring',
    're-queuing item secret="monitoring/alertmanager-main"',
    '{"msg":"reconciling","secret":{"name":"db-creds","namespace":"default"}}',
    '{"msg":"done","ExternalSecret":{"name": "x", "namespace": "y"}}',
    "DB_PASSWORD: <set to the key 'password' in secret 'db'>",
    'level=error msg="review failed" token=expired csrf=mismatch',
    # nginx, postgres, gunicorn, celery, Spring, systemd.
    'GET / 200 cookie="-" token="-" rt=0.001',
    'LOG:  connection authenticated: identity="app" method=scram-sha-256',
    "private_key=/etc/ssl/private/tls.key ok",
    '"db_password": "/run/secrets/db_password"',
    "keyfile: None certfile: None secret: None",
    "Task shop.tasks.reset_password[6f1c] received",
    "Token [Principal=x, Credentials=[PROTECTED], Authenticated=true]",
    "ssl.keystore.password = [hidden] ssl.truststore.password = null",
    "  + password = (sensitive value)",
    "  + password = (known after apply)",
    "sudo: bob : TTY=pts/0 ; PWD=/workspace/app ; USER=root ; COMMAND=/bin/ls",
    # Boards, parsers, switches.
    "pin=13 state=high",
    "gpio: pin: 7 PIN=GPIO21",
    "Erlang OTP: 26.1.2",
    "Unexpected token: ')' in JSON, expected token: ';'",
    "card=visa mobile=1 fax=queue pan=12",
    "email=true phone: n/a mobile=false token=present password=off",
)


@pytest.mark.parametrize("text", CLEAN)
def test_an_ordinary_line_stays(text: str) -> None:
    """Names of objects, paths to secrets, switches, and what others have hidden."""
    assert REDACTOR.text(text, {}) == text


NEAR = (
    ("pin=1313 state=high", "1313"),
    ("pin: 131313", "131313"),
    ("shop.test/password=hunter2", "hunter2"),
    ("https://kubernetes.io/secret=a8f3b9c2", "a8f3b9c2"),
    ("client_secret=monitoring/grafana-admin", "grafana"),
    ('{"secret": {"name": "x", "value": "hunter2"}}', "hunter2"),
    ("PWD=/ab9!x", "ab9"),
    ("phone=03012345678", "1234"),
    ("token=[PROTECTED", "PROTECTED"),
    ("private_key=/abc/def+ghi", "ghi"),
)


@pytest.mark.parametrize(("text", "gone"), NEAR)
def test_what_is_nearly_one_of_these_is_hidden(text: str, gone: str) -> None:
    """A longer number, another name, one more key: it may be a secret."""
    assert gone not in REDACTOR.text(text, {})
