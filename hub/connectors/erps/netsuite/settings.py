"""The settings of a NetSuite connection: what the form asks for, and each value as the connector uses it.

What no published source tells (lengths, time zone, tax model) is a setting here, with the usual value as default.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hub.connectors.base import Check, ConfigField
from hub.connectors.erps.netsuite import order_fields

CERTIFICATE, TOKENS = "certificate", "tokens"
PENDING_APPROVAL, PENDING_FULFILLMENT = "A", "B"
TAX_CODES, TAX_ENGINE = "line_codes", "netsuite"
YES, NO = "yes", "no"
# An account has 5 (standard) to 20 and more requests at once, shared by everything that speaks to it by REST, SOAP or
# RESTlet; one is left to the others.
CONCURRENCY = 4
MOST_CONCURRENCY = 200.0
# What an account has without further licences.
PROCESSORS, MOST_PROCESSORS = 2, 50.0
LONGEST_SECONDS = 86_400.0
# NetSuite's own clock; an account's company or user preference may say another one.
TIME_ZONE = "America/Los_Angeles"
TAX_ID_FIELD = "vatregnumber"
DURATIONS = ("call_deadline_seconds", "settle_after_seconds")
# Fields of every order that settings may name: setting, table, its column of names.
HEADER = {
    "subsidiary": ("subsidiary", "name"),
    "location": ("location", "name"),
    "department": ("department", "name"),
    "class": ("classification", "name"),
}
# What must be entered for either way to sign in.
NEEDED = {
    CERTIFICATE: ("account_id", "client_id", "certificate_id", "private_key"),
    TOKENS: ("account_id", "consumer_key", "consumer_secret", "token_id", "token_secret"),
}
_BODY_FIELD = re.compile(r"memo|message|custbody\w*", re.ASCII)
_COLUMN = re.compile(r"[a-z]\w*", re.ASCII)

FIELDS = (
    ConfigField(
        "account_id", "Account id", "As under Setup > Company > Company Information: 1234567 or 1234567_SB1."
    ),
    ConfigField(
        "authentication",
        "Authentication",
        "OAuth 2.0 with a certificate, or token-based authentication.",
        default=CERTIFICATE,
        choices=((CERTIFICATE, "OAuth 2.0, certificate"), (TOKENS, "Token-based authentication")),
    ),
    ConfigField("client_id", "Client id", "OAuth 2.0: of the integration record.", is_required=False),
    ConfigField(
        "certificate_id",
        "Certificate id",
        "OAuth 2.0: from Setup > Integration > Manage Authentication > OAuth 2.0 Client Credentials (M2M) Setup.",
        is_required=False,
    ),
    ConfigField(
        "private_key",
        "Private key",
        "OAuth 2.0: the certificate's private key as PEM.",
        is_secret=True,
        is_required=False,
    ),
    ConfigField("consumer_key", "Consumer key", "Tokens: of the integration record.", is_required=False),
    ConfigField(
        "consumer_secret", "Consumer secret", "Tokens: beside it.", is_secret=True, is_required=False
    ),
    ConfigField("token_id", "Token id", "Tokens: of the access token.", is_required=False),
    ConfigField("token_secret", "Token secret", "Tokens: beside it.", is_secret=True, is_required=False),
    ConfigField(
        "currency",
        "Own currency",
        "ISO code; needed where the account has one currency only.",
        is_required=False,
    ),
    ConfigField(
        "order_status",
        "Status of new orders",
        "What an order begins as.",
        default=PENDING_FULFILLMENT,
        choices=((PENDING_APPROVAL, "Pending approval"), (PENDING_FULFILLMENT, "Pending fulfillment")),
    ),
    ConfigField(
        "tax",
        "Taxes",
        "Accounts with SuiteTax, and those with one tax for a whole order, take no tax codes on lines.",
        default=TAX_CODES,
        choices=((TAX_CODES, "A tax code on each line"), (TAX_ENGINE, "NetSuite determines them")),
    ),
    ConfigField(
        "subsidiary",
        "Subsidiary",
        "Name; of orders and new customers. Empty: the customer's own.",
        is_required=False,
    ),
    ConfigField("location", "Location", "Name; of every order. Empty: none.", is_required=False),
    ConfigField("department", "Department", "Name; of every order. Empty: none.", is_required=False),
    ConfigField("class", "Class", "Name; of every order. Empty: none.", is_required=False),
    ConfigField(
        "tax_id_field",
        "Tax ids stand in",
        "The customers' column: vatregnumber, or one of your own like custentity_vat.",
        is_required=False,
        default=TAX_ID_FIELD,
    ),
    ConfigField(
        "comments_field",
        "Comments go to",
        "memo, message, or a text field of your own like custbody_notes. What does not fit goes to memo and message.",
        is_required=False,
        default="memo",
    ),
    ConfigField(
        order_fields.SETTING,
        "Body fields",
        "Your own, one after the other: custbody_project: text 40 Project; custbody_rush: yes/no. "
        "Types: text, date, number, yes/no, list.",
        is_required=False,
    ),
    ConfigField(
        "async_batches",
        "Asynchronous batches",
        "Orders that come together are sent in one request, and NetSuite works them off when it comes to it.",
        is_required=False,
        default=NO,
        choices=((NO, "no"), (YES, "yes")),
    ),
    ConfigField(
        "async_processors",
        "Processors for batches",
        "How many of the account's SuiteCloud processors work off asynchronous requests (Setup > SuiteCloud "
        "Processors). Too many named here, and orders wait in NetSuite beyond their deadline.",
        is_required=False,
        default=str(PROCESSORS),
    ),
    ConfigField(
        "time_zone",
        "Time zone",
        "In which SuiteQL shows times, like Europe/Berlin; the connection test compares.",
        is_required=False,
        default=TIME_ZONE,
    ),
    ConfigField(
        "concurrency",
        "Requests at once",
        "How many of the account's this connection may use at most. Empty: as many as the account says are left for "
        f"it, {CONCURRENCY} where it does not say.",
        is_required=False,
    ),
    ConfigField("api_url", "API address", "Change it for a sandbox only.", is_required=False),
    ConfigField(
        "call_deadline_seconds", "Deadline", "Seconds after which a call is given up.", False, False, "60"
    ),
    ConfigField(
        "settle_after_seconds",
        "Settle time",
        "Seconds in which a lost order may still appear. Below 1200 for a sandbox only.",
        False,
        False,
        "1200",
    ),
)


def setting(config: Mapping[str, str], name: str, default: str = "") -> str:
    """The value set, trimmed; the default where nothing is."""
    return config.get(name, "").strip() or default


def realm(config: Mapping[str, str]) -> str:
    """The account id as NetSuite writes it: 1234567_SB1."""
    return setting(config, "account_id").upper().replace("-", "_")


def api_url(config: Mapping[str, str]) -> str:
    """The account's own host, unless the settings name another address."""
    host = realm(config).lower().replace("_", "-")
    return setting(config, "api_url", f"https://{host}.suitetalk.api.netsuite.com").rstrip("/")


def processors(config: Mapping[str, str]) -> int:
    """How many records of asynchronous requests the account works on at once."""
    return int(_number(setting(config, "async_processors"), least=1.0, most=MOST_PROCESSORS) or PROCESSORS)


def concurrency(config: Mapping[str, str]) -> int:
    """How many requests at once: never below one, or nothing would ever be sent."""
    return int(_number(setting(config, "concurrency"), least=1.0, most=MOST_CONCURRENCY) or CONCURRENCY)


def seconds(config: Mapping[str, str], name: str, default: timedelta) -> timedelta:
    """The duration set, or the default where nothing usable is set; `checks` says so then."""
    found = _number(config.get(name, ""))
    return timedelta(seconds=found) if found else default


def time_zone(config: Mapping[str, str]) -> ZoneInfo:
    """The zone set, or NetSuite's own where nothing usable is set."""
    return _zone(setting(config, "time_zone", TIME_ZONE)) or ZoneInfo(TIME_ZONE)


def comments_field(config: Mapping[str, str]) -> str:
    """Where comments go first; memo where nothing usable is set."""
    name = setting(config, "comments_field", "memo").lower()
    return name if _BODY_FIELD.fullmatch(name) else "memo"


def tax_id_field(config: Mapping[str, str]) -> str:
    """The column of tax registration ids; the usual one where nothing usable is set."""
    name = setting(config, "tax_id_field", TAX_ID_FIELD).lower()
    return name if _COLUMN.fullmatch(name) else TAX_ID_FIELD


def missing(config: Mapping[str, str], secrets: Mapping[str, str]) -> list[Check]:
    """One for each setting that signing in needs and that is not entered."""
    labels = {field.name: field.label for field in FIELDS}
    needed = NEEDED.get(setting(config, "authentication", CERTIFICATE), NEEDED[CERTIFICATE])
    entered = {**config, **secrets}
    return [
        Check(labels[name], False, "It is missing: enter it above.")
        for name in needed
        if not entered.get(name, "").strip()
    ]


def checks(config: Mapping[str, str]) -> list[Check]:
    """One for each setting that cannot be used as it is."""
    found = [
        Check(
            name,
            False,
            f"It is not a number of seconds between 0 and {LONGEST_SECONDS:.0f}; the default is used.",
        )
        for name in DURATIONS
        if setting(config, name) and not _number(config[name])
    ]
    if setting(config, "concurrency") and not _number(
        config["concurrency"], least=1.0, most=MOST_CONCURRENCY
    ):
        words = f"It is not a number between 1 and {MOST_CONCURRENCY:.0f}; {CONCURRENCY} is used."
        found.append(Check("concurrency", False, words))
    if setting(config, "async_processors") and not _number(
        config["async_processors"], least=1.0, most=MOST_PROCESSORS
    ):
        words = f"It is not a number between 1 and {MOST_PROCESSORS:.0f}; {PROCESSORS} is used."
        found.append(Check("async_processors", False, words))
    if setting(config, "time_zone") and _zone(setting(config, "time_zone")) is None:
        found.append(Check("time_zone", False, f"It is no time zone; {TIME_ZONE} is used."))
    if setting(config, "comments_field", "memo").lower() != comments_field(config):
        found.append(
            Check("comments_field", False, "It is neither memo, message nor custbody…; memo is used.")
        )
    if setting(config, "tax_id_field", TAX_ID_FIELD).lower() != tax_id_field(config):
        found.append(Check("tax_id_field", False, f"It is no column's name; {TAX_ID_FIELD} is used."))
    found += [
        Check(
            order_fields.SETTING, False, f"{entry!r} names no field custbody… with its type; it is left out."
        )
        for entry in order_fields.unreadable(config)
    ]
    return found


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _number(text: str, *, least: float = 0.0, most: float = LONGEST_SECONDS) -> float | None:
    """A number above 0, within these bounds; None for anything else."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if number > 0 and least <= number <= most else None
