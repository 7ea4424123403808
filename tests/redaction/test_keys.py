"""The class of a name, by its last words."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
from opentelemetry.semconv import attributes
from opentelemetry.semconv._incubating import attributes as incubating

from ameide_telemetry.contract import names
from ameide_telemetry.redaction import RedactionPolicy, Redactor
from ameide_telemetry.redaction.keys import NameTable

TABLE = NameTable({})
REDACTOR = Redactor(RedactionPolicy())
# Its values go, its names stay.
_IS_A_QUERY = frozenset({"url.query"})

TELLING = """
password passwd pwd user_password userPassword user-password user.password USER_PASSWORD db_password
dbPassword DB_PASSWORD spring.datasource.password PGPASSWORD MYSQL_ROOT_PASSWORD keyStorePassword
new_password oldPassword password_confirmation confirmPassword password_hash hashed_password password2
smtp_password redis-password passphrase ssh.passphrase pin pinCode card_pin otp otpCode totp cvv card_cvc
security_code mfaCode verification_code secret client_secret clientSecret client-secret CLIENT_SECRET
webhook_secret app.secret jwt_secret signingSecret aws_secret shared_secret token access_token
accessToken access-token refresh_token refreshToken id_token idToken auth_token authToken X-Auth-Token
csrf_token csrfToken xsrf-token X-CSRFToken session_token bearer_token api_token apiToken github_token
GITHUB_TOKEN slackToken bot_token push_token device_token reset_token jwt user.jwt oauth_token
csrfmiddlewaretoken SAMLResponse api_key apiKey api-key API_KEY apikey x-api-key X-Api-Key openai_api_key
stripeApiKey access_key accessKey access_key_id AWS_ACCESS_KEY_ID secret_key secretKey SECRET_KEY
aws_secret_access_key private_key privateKey private-key ssh_key signing_key encryption_key encryptionKey
account_key storageKey master_key credentials user_credentials credential connection_string
connectionString sentry_dsn dsn authorization Authorization proxy-authorization Proxy-Authorization
http.request.header.authorization auth_header cookie Cookie set-cookie Set-Cookie cookies
http.request.header.cookie JSESSIONID PHPSESSID session_key email Email e_mail eMail e-mail user_email
userEmail user.email customer-email customer.email CUSTOMER_EMAIL email_address emailAddress
contact_email billingEmail recipient_email emails reply_to phone Phone phone_number phoneNumber phone-
number mobile mobile_number mobileNumber customer.phone home_phone phone_home work_phone telephone msisdn
cell_phone fax faxNumber whatsapp_number first_name firstName first-name FIRST_NAME last_name lastName
full_name fullName given_name family_name middleName maiden_name surname cardholder_name cardHolder
account_holder street streetAddress postal_address home_address billing_address shippingAddress delivery-
address address_line_1 addressLine1 postcode postal_code postalCode zip_code zipCode zipcode dob
dateOfBirth date_of_birth birth_date birthDate birthday ssn SSN social_security_number national_id
nationalId tax_id taxId tax_number passport passport_number passportNumber drivers_license
driver_license_number nino iban IBAN customer_iban creditorIban account_number accountNumber bank_account
routing_number card card_number cardNumber credit_card creditCardNumber credit-card-number pan cc_number
ip client_ip clientIp client-ip remote_ip remote_addr REMOTE_ADDR x-forwarded-for X-Forwarded-For X-Real-
IP ip_address ipAddress user_ip latitude longitude gps_coordinates geo_location recovery_code backupCodes
psk sas_signature
""".split()  # noqa: SIM905 a table to read

HARMLESS = """
token_count tokenCount max_tokens tokens prompt_tokens completion_tokens email_sent emailSent email_count
zip_file zipFile ip_version ipVersion author authors authorized_by authorizedBy authorised
password_reset_required passwordResetRequired pinned pinned_at has_email hasEmail HAS_EMAIL is_mobile
isMobile session session_id sessionId ameide_session_id trace_id span_id request_id tenant_id user_id key
keys cache_key partition_key primary_key keyboard tokenizer secretary passenger compass bypass card_type
cardType score_card phone_verified phone_type email_verified email_template email_domain password_policy
password_length password_expired token_type token_id token_expires_at next_page_token nextPageToken
continuation_token cancellationToken ip_count ipc zip zip_size street_count address host_ip pod_ip
node.ip server_address name names username_taken service_name host_name file_name first last full
location cookie_consent cookies_accepted cookie_count authorization_server secret_name secrets_count
api_key_id credentials_provider mobile_app fax_enabled birthday_discount_enabled ship shipping tip tips
trip skip status code error_code country_code postal state panel company pandas dashboard discard
cardinality requires_otp num_phones max_card min_pin count_emails allow_cookie number_of_cards
""".split()  # noqa: SIM905 a table to read


def test_95_of_100_telling_names_are_told() -> None:
    """Of names that services use for secrets and for people, in any spelling, 95 % have a class."""
    assert len(TELLING) >= 150
    missed = [name for name in TELLING if TABLE.class_of(name) is None]
    print(f"recall by name {1 - len(missed) / len(TELLING):.3f} of {len(TELLING)}; missed: {missed}")
    assert len(missed) <= 0.05 * len(TELLING), missed


@pytest.mark.parametrize("name", HARMLESS)
def test_a_name_that_only_has_such_a_word_in_it_has_no_class(name: str) -> None:
    """Counts, questions, kinds and longer words say nothing about anybody."""
    assert TABLE.class_of(name) is None


CLASSES = (
    ("customer.email", "email"),
    ("customerEmail", "email"),
    ("CUSTOMER-EMAIL", "email"),
    ("emailHash", "email"),
    ("creditCardNumber", "card"),
    ("AWS_ACCESS_KEY_ID", "key"),
    ("X-Forwarded-For", "ip"),
    ("PGPASSWORD", "password"),
    ("", None),
    ("___", None),
    ("é", None),
    ("x" * 100_000 + "_password", "password"),
)


@pytest.mark.parametrize(("name", "kind"), CLASSES)
def test_the_longest_phrase_at_the_end_decides(name: str, kind: str | None) -> None:
    """The words of a name are the same however they are joined."""
    assert TABLE.class_of(name) == kind


JOINED = (
    *("passwordconfirm password", "accountkey key", "consumersecret secret", "connectionstring key"),
    *("customeremail email", "recipientemail email", "billingaddress address", "homephone phone"),
    *(
        "mobilephone phone",
        "dateofbirth birth_date",
        "cardholder name",
        "cvvcode password",
        "authtoken token",
    ),
    *("apitoken token", "bearertoken token", "accesssecret secret", "appsecret secret"),
    *("signingsecret secret", "webhooksecret secret", "secretaccesskey key", "sshprivatekey key"),
    *("dbpassword password", "rootpassword password", "adminpassword password", "userpassword password"),
    *("passwordhash password", "user.shippingaddress address", "X-Usertoken token", "securitycode password"),
    *("CUSTOMEREMAIL email", "useremailaddress email", "primaryphonenumber phone", "oldaccesstoken token"),
)
ONE_WORD = """
tokencount emailsent passwordless keyboard monkey turnkey tokenizer secretary cookiecutter pinned compass
bypass postcard scorecard wildcard discard hostip serverip publickey primarykey foreignkey partitionkey
hotkey username hostname filename accountname accountid tokenid keyid emailid prompttokens sessionid
statuscode countrycode errorcode authcodes authorship membership ownership partnership relationship
leadership shipping spinning lifespan timespan japan headphone microphone saxophone homepage workstation
mainstreet cardinality dashboard postmaster businesscard maintoken2count mobileapp passenger clientid
secretname secretid emailcount phonetype cardtype streetcount addressbook keycount basename accesslevel
strip striptext ispan ispassword longcard cookiesalted mastercard
useragent apiversion customerid billingcycle homedir workday appname devicename contactless
""".split()  # noqa: SIM905 a table to read


@pytest.mark.parametrize("pair", JOINED)
def test_words_in_lower_case_without_anything_between_are_told_apart(pair: str) -> None:
    """Headers, columns and keyword arguments are written in one word, too."""
    name, kind = pair.split()
    assert TABLE.class_of(name) == kind


@pytest.mark.parametrize("name", ONE_WORD)
def test_a_word_that_only_has_such_words_in_it_has_no_class(name: str) -> None:
    """All of it has to be words that are known, and the last of them decide."""
    assert TABLE.class_of(name) is None


def test_a_deployments_phrases_and_names_go_before_ours() -> None:
    """What was added wins, what was kept is known and has no class."""
    table = NameTable(
        {"card": None, "Crew": "personal"}, [("boarding token", None), ("badge", "national_id")]
    )
    assert [table.class_of(name) for name in ("card", "crew", "boardingToken", "staff_badge", "token")] == [
        *(None, "personal", None, "national_id", "token")
    ]
    assert (table.knows("CARD"), table.knows("badge")) == (True, False)


def _semantic_conventions() -> set[str]:
    found: set[str] = set()
    for package in (attributes, incubating):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            loaded = vars(importlib.import_module(module.name))
            found.update(each for key, each in loaded.items() if key.isupper() and isinstance(each, str))
    return found


def test_of_the_semantic_conventions_only_what_the_contract_says_is_redacted_by_name() -> None:
    """All other attributes of OpenTelemetry are shown."""
    conventions = _semantic_conventions()
    assert len(conventions) > 800
    redacted = {name for name in conventions if REDACTOR.field(name, "4", {}) != "4"}
    print(f"of {len(conventions)} attributes redacted by name: {sorted(redacted)}")
    assert redacted - _IS_A_QUERY <= names.PERSONAL_NAMES.keys()
