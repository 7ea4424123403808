"""Numbers with spaces behind their names, brackets around names, attributes of tags, addresses of clients."""

from __future__ import annotations

import pytest

from ameide_telemetry.redaction import Found, RedactionPolicy, Redactor

REDACTOR = Redactor(RedactionPolicy())
P, E, N = "[redacted:password]", "[redacted:email]", "[redacted:name]"
PHONE, CARD, IBAN, IP = "[redacted:phone]", "[redacted:card]", "[redacted:iban]", "[redacted:ip]"
BORN, ID, ACCOUNT = "[redacted:birth_date]", "[redacted:national_id]", "[redacted:account]"

HIDDEN = (
    # Attributes of tags, and of objects that are shown like them.
    ('<login user="u" password="X"/>', f'<login user="u" password="{P}"/>'),
    ("<Settings api_key='k' db_password='h'>", f"<Settings api_key='[redacted:key]' db_password='{P}'>"),
    ("<User id=1 email='anna' password=hunter2>", f"<User id=1 email='{E}' password={P}>"),
    ('<credential password="X">Y</credential>', f'<credential password="{P}">[redacted:key]</credential>'),
    ('<Credential password="X" domain="d">', f'<Credential password="{P}" domain="d">'),
    ("bob<password>X</password>", f"bob<password>{P}</password>"),
    # Several groups.
    ("card=4111 1111 1111 1111 ok", f"card={CARD} ok"),
    ("card: 4111 1111 1111 1111 2 times", f"card: {CARD} 2 times"),
    ("iban=DE89 3704 0044 0532 0130 00", f"iban={IBAN}"),
    ("iban=DE89 3704 0044 0532 0130 01 sent", f"iban={IBAN} sent"),
    ("iban = gb82 west 1234 5698 7654 32 sent", f"iban = {IBAN} sent"),
    ("account_number=DE89 3704 0044 0532 0130 00", f"account_number={ACCOUNT}"),
    ("account_number=12 34 56 78 n=1", f"account_number={ACCOUNT} n=1"),
    ("phone=+49 30 1234567 n=1", f"phone={PHONE} n=1"),
    ("phone=+49 30 1234567 12:30 ok", f"phone={PHONE} 12:30 ok"),
    ("phone=030 1234567", f"phone={PHONE}"),
    ("phone=(030) 123 4567", f"phone={PHONE}"),
    ("phone=0301234567 17 times", f"phone={PHONE} 17 times"),
    ("ssn=078 05 1120", f"ssn={ID}"),
    ("national_id=AB 12 34 56 C", f"national_id={ID}"),
    ("dob=1 Jan 1990 n=1", f"dob={BORN} n=1"),
    ("date_of_birth=January 1, 1990", f"date_of_birth={BORN}"),
    ("email=Anna Smith <anna@example.com>", f"email={E}"),
    ("street=Main Street 5 n=1", "street=[redacted:address] n=1"),
    ("first_name: Anna\nn: 1", f"first_name: {N}\nn: 1"),
    # Brackets around names.
    ("user[password]=hunter2&user[first_name]=AnnaX", f"user[password]={P}&user[first_name]={N}"),
    ("user%5Bpassword%5D=hunter2&user%5Bemail%5D=annaX", f"user%5Bpassword%5D={P}&user%5Bemail%5D={E}"),
    ("user[passwords][]=hunter2&a=1", f"user[passwords][]={P}&a=1"),
    ("[password]=hunter2", f"[password]={P}"),
    ('config["password"] = "hunter2"', f'config["password"] = "{P}"'),
    ("config['db']['password'] = 'hunter2'", f"config['db']['password'] = '{P}'"),
    ("users[0].password=hunter2", f"users[0].password={P}"),
    ("login().password=hunter2", f"login().password={P}"),
    # Addresses of clients.
    ("client_ip=203.0.113.7", f"client_ip={IP}"),
    ("X-Forwarded-For: 203.0.113.7, 10.0.0.1", f"X-Forwarded-For: {IP}"),
    ("ip='203.0.113.7'", f"ip='{IP}'"),
    ("Login(ip=IPv4Address('203.0.113.7'))", f"Login(ip=IPv4Address('{IP}'))"),
    ('{"REMOTE_ADDR": "203.0.113.7", "n": 1}', f'{{"REMOTE_ADDR": "{IP}", "n": 1}}'),
    ("{'HTTP_X_FORWARDED_FOR': '10.0.0.1, 203.0.113.7'}", f"{{'HTTP_X_FORWARDED_FOR': '{IP}'}}"),
    ("[(b'x-real-ip', b'203.0.113.7')]", f"[(b'x-real-ip', b'{IP}')]"),
    ("client_ip=[2001:db8::1]:443 ok", f"client_ip={IP} ok"),
    ("remote_addr: ::ffff:203.0.113.7.", f"remote_addr: {IP}."),
    ("Forwarded: for=203.0.113.7;proto=https", f"Forwarded: {IP}"),
    ("{'Forwarded': 'for=\"[2001:db8::1]:80\", for=10.0.0.1'}", f"{{'Forwarded': '{IP}'}}"),
    ("peer_address=203.0.113.7:443 n=1", f"peer_address={IP} n=1"),
)


@pytest.mark.parametrize(("text", "shown"), HIDDEN)
def test_all_of_a_value_is_hidden_and_nothing_else(text: str, shown: str) -> None:
    """Each is counted once; twice is once."""
    found: Found = {}
    assert REDACTOR.text(text, found) == shown
    assert sum(found.values()) == shown.count("[redacted:")
    assert REDACTOR.text(shown, found) == shown


SHOWN = (
    "<div class='x'> <user id=1>",
    "mobile=1 fax=queue pan=12 13 14",
    "phone=0 1 2 3",
    "card=visa 12 34",
    "iban=none DE89",
    "dob=ok 1 Jan",
    "ip=10.0.0.5 client_ip=10.2.3.4 remote_addr=127.0.0.1:80",
    "ip=4.18.0.305 ip=1.2.3 ip=4 ip=dhcp",
    "client_ip=203.0.113.0/24",
    "x-forwarded-for: 10.0.0.1, fd00::1",
    "forwarded: for=10.0.0.1;proto=https",
    "Forwarded: 17 messages, forwarded=true",
    'data["password"] = form.password',
    "errors[password]: too short",
    "tokens[token]=get(x)",
    "config['password'] = os.environ['PW']",
)


@pytest.mark.parametrize("text", SHOWN)
def test_what_is_no_such_value_stays(text: str) -> None:
    """Counts, switches, versions, addresses of machines, source."""
    assert REDACTOR.text(text, {}) == text
