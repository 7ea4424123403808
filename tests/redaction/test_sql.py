"""Literals of SQL, in statements, in lines about them and in the errors of drivers."""

from __future__ import annotations

import pytest

from ameide_telemetry.redaction import Found, RedactionPolicy, Redactor

REDACTOR = Redactor(RedactionPolicy())
L = "[redacted:literal]"

STATEMENTS = (
    # Behind other words, in any case.
    ("slow query: select * from t where b='x' n", f"slow query: select * from t where b={L} n"),
    (
        "statement: select a, f(b) from t u where u.b = 'x'",
        f"statement: select a, f(b) from t u where u.b = {L}",
    ),
    ("ran insert into u values('x')", f"ran insert into u values({L})"),
    ("ran Insert Into u (a, b) Values ('x', 4)", f"ran Insert Into u (a, b) Values ({L}, {L})"),
    ("explain select * from t where b like 'x%'", f"explain select * from t where b like {L}"),
    ("ran update t set a='x' where b in (4)", f"ran update t set a={L} where b in ({L})"),
    ('slow query: delete from t where a="x"', f"slow query: delete from t where a={L}"),
    ("EXECUTE x('x', 42)", f"EXECUTE x({L}, {L})"),
    ("please select the best 'x' of 3 from where you are", None),
    ("We select 3 items from 'the' list where users like it", None),
    ("will insert into the slot 'A' values of 4", None),
    ("do not update your settings 'now' or delete from 5 'lists' where you like", None),
    ("SELECT a FROM t WHERE b = 'x' AND c = 5", f"SELECT a FROM t WHERE b = {L} AND c = {L}"),
    ("select a from t where b = 'x'", f"select a from t where b = {L}"),
    ("SELECT a FROM t WHERE b = $1 AND c = :name AND d = ? AND e = %s", None),
    ('SELECT "a"."b" FROM "t" WHERE "a" = \'x\'', f'SELECT "a"."b" FROM "t" WHERE "a" = {L}'),
    ('SELECT a FROM t WHERE b IN ("x", "y")', f"SELECT a FROM t WHERE b IN ({L}, {L})"),
    ("SELECT a FROM t WHERE b = 'it''s' AND c = ''", f"SELECT a FROM t WHERE b = {L} AND c = ''"),
    ("SELECT a FROM t WHERE b = 'C:\\' AND c = 'x'", f"SELECT a FROM t WHERE b = {L}"),
    ("SELECT a FROM t WHERE b = $$x$$ OR b = $q$y$q$", f"SELECT a FROM t WHERE b = {L} OR b = {L}"),
    ("SELECT a FROM t -- don't\nWHERE b = 'x'", f"SELECT a FROM t {L}\nWHERE b = {L}"),
    ("SELECT a /* all */ FROM t WHERE b = 'x'", f"SELECT a /* all */ FROM t WHERE b = {L}"),
    ("SELECT q'[it's]', a FROM t WHERE b = 'x'", f"SELECT q{L}"),
    ("INSERT INTO t VALUES ('x', -1.5e3, 0xFF, \"y\")", f"INSERT INTO t VALUES ({L}, {L}, {L}, {L})"),
    ("INSERT INTO t (a) VALUES (ARRAY[7, 8])", f"INSERT INTO t (a) VALUES (ARRAY[{L}, {L}])"),
    ("UPDATE t SET a = 'unended", f"UPDATE t SET a = {L}"),
    ("alter user bob password 'x'", f"alter user bob password {L}"),
    (
        "(0.001) SELECT a FROM t WHERE b = 'x'; args=('x',)",
        f"(0.001) SELECT a FROM t WHERE b = {L}; args=({L},)",
    ),
    (
        "duration: 0.5 ms  statement: DELETE FROM t WHERE a = 7",
        f"duration: 0.5 ms  statement: DELETE FROM t WHERE a = {L}",
    ),
    ("[SQL: INSERT INTO t VALUES ('a]b', 2)] n=1", f"[SQL: INSERT INTO t VALUES ({L}, {L})] n=1"),
    ("[parameters: ('a', 'b]')]\n(Background)", f"[parameters: {L}]\n(Background)"),
    ("[generated in 0.0001s] ('bob', 'x')", f"[generated in 0.0001s] {L}"),
    (
        "DETAIL:  Key (lower(email))=(a b) c) already exists.",
        f"DETAIL:  Key (lower(email))=({L}) already exists.",
    ),
    ("DETAIL:  Failing row contains (1, bo\nb).\nnext", f"DETAIL:  Failing row contains ({L}).\nnext"),
    ("Duplicate entry 'o'bob' for key 't.a'", f"Duplicate entry '{L}' for key 't.a'"),
    ("Duplicate entry 'a\nb' for key 't.a'\nnext", f"Duplicate entry '{L}' for key 't.a'\nnext"),
    (
        "(1062, \"Duplicate entry '-----BEGIN PRIVATE KEY-----\nM\n-----END PRIVATE KEY-----' for key 'a'\")",
        f"(1062, \"Duplicate entry '{L}' for key 'a'\")",
    ),
    (
        "(1062, \"Duplicate entry '-----BEGIN PRIVATE KEY-----\\nMIIE' for key 'a'\")",
        f"(1062, \"Duplicate entry '{L}' for key 'a'\")",
    ),
    (
        "GRANT ALL ON d.* TO 'bob'@'%' IDENTIFIED BY 'x'",
        f"GRANT ALL ON d.* TO {L}@{L} IDENTIFIED BY {L}",
    ),
    ("grant all on d.* to bob identified by 'x'", f"grant all on d.* to bob identified by {L}"),
    ("ALTER USER bob IDENTIFIED BY 'x'", f"ALTER USER bob IDENTIFIED BY {L}"),
    ("SET app.user = 'bob'", f"SET app.user = {L}"),
    ("SET LOCAL app.user TO 'bob'", f"SET LOCAL app.user TO {L}"),
    ("set session x = 'bob'", f"set session x = {L}"),
    ("SHOW TABLES LIKE 'bob%'", f"SHOW TABLES LIKE {L}"),
    ("GRANT us the 'right' to read", None),
    ("Set the value of x to 'on' and show it like 'this'", None),
    ("Select 'a' from the list of 3", None),
    ("update 3 of 5 set 'x' off", None),
    ("CALL me 'later', 5 times", None),
    ("[generated code] is 'fine'", None),
)


@pytest.mark.parametrize(("text", "shown"), STATEMENTS)
def test_literals_go_and_names_stay(text: str, shown: str | None) -> None:
    """What a statement says to whom is hidden, counted once each, and prose is no statement."""
    found: Found = {}
    expected = text if shown is None else shown
    assert REDACTOR.text(text, found) == expected
    assert found.get("literal", 0) == expected.count(L)
    assert REDACTOR.text(expected, found) == expected


COMMANDS = (
    ("AUTH hunter2", f"AUTH {L}"),
    ("SET user:1 bob", f"SET {L}"),
    ("SET ? ?", None),
    ("PING", None),
    ("SELECT a FROM t", None),
    ("SAVEPOINT sa_savepoint_1", None),
    ('{"find": "users", "limit": 5}', f'{{"find": {L}, "limit": {L}}}'),
)


@pytest.mark.parametrize(("text", "shown"), COMMANDS)
def test_what_a_database_was_asked_has_no_literals_in_any_language(text: str, shown: str | None) -> None:
    """Of commands without quotes the first word stays."""
    found: Found = {}
    expected = text if shown is None else shown
    assert REDACTOR.field("db.query.text", text, found) == expected
    assert REDACTOR.field("db.query.text", expected, found) == expected
    assert found.get("literal", 0) == expected.count(L)


def test_a_traceback_behind_a_statement_stays_readable() -> None:
    """Only the statement in it loses literals; files and numbers of lines stay."""
    text = (
        "Traceback (most recent call last):\n"
        '  File "/srv/a.py", line 7, in f\n    run("SELECT a FROM t WHERE b = 5")'
        "\n  File \"/srv/b.py\", line 9, in g\nKeyError: 'x'"
    )
    redacted = REDACTOR.text(text, {})
    assert "= 5" not in redacted
    assert all(
        each in redacted for each in ('File "/srv/a.py", line 7', 'File "/srv/b.py", line 9', "KeyError: 'x'")
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("('INSERT INTO u VALUES (%s)', ('Anna', 'x(1'))", f"('INSERT INTO u VALUES (%s)', {L})"),
        (
            "run \"SELECT a FROM b WHERE c = 'x y'\", {'c': ('Anna', 7)} done",
            f'run "SELECT a FROM b WHERE c = {L}", {L} done',
        ),
        ("run ['SELECT a FROM b WHERE c = 7'] took 3 ms", f"run ['SELECT a FROM b WHERE c = {L}'] took 3 ms"),
    ],
)
def test_a_statement_in_quotes_ends_with_them(text: str, expected: str) -> None:
    """As the arguments of a call are shown; what is behind it are its parameters, and they go."""
    shown = REDACTOR.text(text, {})
    assert shown == expected
    assert REDACTOR.text(shown, {}) == shown
