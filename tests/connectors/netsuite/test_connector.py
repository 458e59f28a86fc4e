"""NetSuite as a connection: its settings, limits and the test of a connection."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from hub.connectors.base import ObservedLimits
from hub.connectors.capabilities import Capability
from hub.connectors.credits import Credits, ReturnOrders
from hub.connectors.erp_parts import AccountLimits, Confirmation, Customers, NewCustomers, SalesOrders
from hub.connectors.erps.netsuite import settings
from hub.connectors.erps.netsuite.connector import NetSuite
from hub.connectors.registry import connector_class
from hub.connectors.shipment_documents import Shipments
from hub.errors import ConnectionBroken, RateLimited, Unreachable
from tests.connectors.netsuite.far_side import ORDER_ROW, TOKEN_CONFIG, TOKEN_SECRETS, payload, refusal, rows

PERMISSION = "Permission Violation: You need the 'Lists -> Items' permission to access this page."
TEN_ELEVEN = (200, {"lastModifiedDate": "2026-08-21T10:11:12Z"})


@pytest.fixture
def erp(far_side):
    far_side.answers("POST suiteql transaction", rows(ORDER_ROW))
    far_side.answers("GET salesOrder", TEN_ELEVEN)
    return far_side.connector()


def problems(checks):
    return {check.name: check.detail for check in checks if not check.is_ok}


def test_the_registry_knows_it():
    assert connector_class("netsuite") is NetSuite


def test_it_plays_everything_but_the_confirmation(erp):
    for part in (SalesOrders, Customers, NewCustomers, Shipments, AccountLimits, Credits, ReturnOrders):
        assert erp.supporting(part) is erp
    with pytest.raises(ConnectionBroken):
        erp.supporting(Confirmation)
    assert set(NetSuite.unsupported_capabilities) == {
        Capability.CONFIRM_ORDER,
        Capability.DELIVERY,
        Capability.TELL_CHANGES,
    }


@pytest.mark.parametrize(
    ("account_id", "host", "name"),
    [
        ("1234567", "https://1234567.suitetalk.api.netsuite.com", "netsuite/1234567"),
        ("1234567_SB1", "https://1234567-sb1.suitetalk.api.netsuite.com", "netsuite/1234567_sb1"),
        (" 1234567-sb1 ", "https://1234567-sb1.suitetalk.api.netsuite.com", "netsuite/1234567_sb1"),
        ("TSTDRV99", "https://tstdrv99.suitetalk.api.netsuite.com", "netsuite/tstdrv99"),
    ],
)
def test_the_account_names_the_host_and_the_limit(account_id, host, name):
    config = {"account_id": account_id}

    assert settings.api_url(config) == host
    assert NetSuite.credential_name(config) == name


def test_every_connection_to_an_account_shares_its_limit():
    with_certificate = {"account_id": "1", "authentication": "certificate", "client_id": "a"}
    with_tokens = {"account_id": "1", "authentication": "tokens", "token_id": "b"}

    assert NetSuite.credential_name(with_certificate) == NetSuite.credential_name(with_tokens)


@pytest.mark.parametrize(
    ("text", "allowed"), [("", 4), ("15", 15), ("0", 4), ("many", 4), ("1e9", 4), ("2.9", 2)]
)
def test_concurrency_is_what_the_settings_say(text, allowed):
    assert NetSuite.limits({"concurrency": text}).concurrency == allowed


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            {
                "accountConcurrencyLimit": 15,
                "accountUnallocatedConcurrencyLimit": 10,
                "integrationLimitType": "accountLimit",
            },
            10,
        ),
        (payload("limits_of_integration"), 7),
        ({"accountConcurrencyLimit": 5, "accountUnallocatedConcurrencyLimit": 0}, None),
        ({"unexpected": True}, None),
    ],
)
def test_limits_are_those_of_the_integration(far_side, erp, answer, expected):
    far_side.answers("GET governanceLimits", (200, answer))

    assert erp.read_limits() == ObservedLimits(concurrency=expected)


def test_a_connection_that_is_to_use_less_than_the_account_allows_does(far_side):
    far_side.answers("GET governanceLimits", (200, payload("limits_of_integration")))

    assert far_side.connector(concurrency="3").read_limits() == ObservedLimits(concurrency=3)


def test_more_orders_may_wait_where_they_are_gathered_as_many_as_the_processors_can_take(far_side):
    kind = type(far_side.connector())

    gathered = [
        kind.limits(config).gathered
        for config in ({}, {"async_batches": "yes"}, {"async_batches": "yes", "async_processors": "15"})
    ]

    assert gathered == [0, 12, 90]


def test_a_role_that_may_not_ask_for_limits_has_no_news(far_side, erp):
    far_side.answers(
        "GET governanceLimits", refusal(403, "INSUFFICIENT_PERMISSION", "You need 'Administrator'.")
    )

    assert erp.read_limits() == ObservedLimits()


@pytest.mark.parametrize("answer", [(503, b"away"), refusal(429, "X", "No.")])
def test_limits_that_cannot_be_read_now_are_read_later(far_side, erp, answer):
    far_side.answers("GET governanceLimits", answer)

    with pytest.raises((Unreachable, RateLimited)):
        erp.read_limits()


def test_a_connection_that_works_says_so_line_by_line(erp):
    checks = erp.test()

    assert problems(checks) == {}
    assert [check.name for check in checks] == [
        "Sign in",
        "Sales orders",
        "Read transaction",
        "Read customer",
        "Read item",
        "Read currency",
        "Read term",
        "Read shipitem",
        "Read salestaxitem",
        "Time zone",
    ]


def test_only_what_the_settings_ask_for_is_tested(far_side, erp):
    checks = far_side.connector(tax="netsuite", location="Hamburg").test()

    names = [check.name for check in checks]
    assert "Read salestaxitem" not in names
    assert "Read location" in names
    assert [check.detail for check in checks if check.name == "Read location"] == [
        "Needed to name what the settings say."
    ]


def test_a_test_asks_for_every_column_that_will_be_needed(far_side, erp):
    erp.test()

    assert "t.taxtotal" in far_side.asked("transaction")[0]
    assert "c.vatregnumber" in far_side.asked("customer")[0]


def test_a_lacking_permission_is_named_with_its_place_and_purpose(far_side, erp):
    far_side.answers("POST suiteql item", refusal(403, "INSUFFICIENT_PERMISSION", PERMISSION))

    found = problems(erp.test())

    assert list(found) == ["Read item"]
    assert (
        "the permission 'Lists -> Items' in NetSuite under Setup > Users/Roles > Manage Roles"
        in found["Read item"]
    )
    assert "It is needed to find items by their numbers." in found["Read item"]


def test_a_table_that_SuiteQL_does_not_show_is_a_lacking_permission(far_side, erp):
    far_side.answers("POST suiteql term", refusal(400, "INVALID_PARAMETER", "Record 'term' was not found."))

    found = problems(erp.test())

    assert list(found) == ["Read term"]
    assert "Record 'term' was not found." in found["Read term"]
    assert "the permission 'Setup -> Accounting Lists'" in found["Read term"]


def test_credentials_that_may_not_see_orders_are_accepted_all_the_same(far_side, erp):
    words = "You need the 'Transactions -> Sales Order' permission"
    far_side.answers("GET salesOrder batch", refusal(403, "INSUFFICIENT_PERMISSION", words))

    assert list(problems(erp.test())) == ["Sales orders"]


def test_wrong_credentials_are_one_line(far_side, erp):
    far_side.answers("POST token", (400, {"error": "invalid_grant"}))

    (check,) = erp.test()

    assert (check.name, check.is_ok) == ("Sign in", False)
    assert "certificate may have expired" in check.detail


def test_refused_tokens_are_one_line(far_side):
    far_side.valid = "nothing"

    (check,) = far_side.connector(secrets=TOKEN_SECRETS, **TOKEN_CONFIG).test()

    assert (check.name, check.is_ok) == ("Sign in", False)


@pytest.mark.parametrize(
    ("config", "secrets", "missing"),
    [
        (
            {"client_id": "", "certificate_id": " "},
            {"private_key": ""},
            ["Client id", "Certificate id", "Private key"],
        ),
        (
            {"authentication": "tokens"},
            {"token_secret": "t"},
            ["Consumer key", "Consumer secret", "Token id"],
        ),
        ({"account_id": ""}, None, ["Account id"]),
    ],
)
def test_what_is_not_entered_is_named_before_anything_is_sent(far_side, config, secrets, missing):
    checks = far_side.connector(secrets=secrets, **config).test()

    assert [check.name for check in checks] == missing
    assert far_side.sent == []


def test_settings_that_cannot_be_used_are_named(far_side, erp):
    config = {
        "call_deadline_seconds": "soon",
        "settle_after_seconds": "-1",
        "concurrency": "0",
        "time_zone": "Mars/Olympus",
        "comments_field": "tranId",
        "tax_id_field": "vat; DROP",
        "order_fields": "custbody_x: colour",
    }
    made = far_side.connector(**config)

    found = problems(made.test())

    assert list(found) == [*config]
    assert made.customer_queries.tax_id == "vatregnumber"
    assert (made.call_deadline, made.settle_after) == (timedelta(seconds=60), timedelta(minutes=20))
    assert made.choices.comments_field == "memo"


def test_a_wrong_time_zone_is_found_by_reading_one_order_twice(far_side, erp):
    made = far_side.connector(time_zone="Europe/Berlin")

    found = problems(made.test())

    assert found == {
        "Time zone": "SuiteQL shows times that are +9.00 hours off in Europe/Berlin. Enter the account's zone."
    }


def test_without_orders_or_a_readable_record_the_clock_is_not_compared(far_side, erp):
    far_side.answers("GET salesOrder", (200, {"id": "50001"}))
    assert "could not be compared" in problems(erp.test())["Time zone"]

    far_side.answers("POST suiteql transaction", rows())
    assert "Time zone" not in {check.name for check in erp.test()}


def test_a_far_side_that_is_away_is_raised_not_shown(far_side, erp):
    far_side.answers("GET salesOrder batch", httpx.ConnectError("away"))

    with pytest.raises(Unreachable):
        erp.test()
    far_side.answers("GET salesOrder batch", refusal(400, "SSS_REQUEST_LIMIT_EXCEEDED", "Blocked."))
    with pytest.raises(RateLimited):
        erp.test()


def test_every_secret_is_marked_as_one():
    secret = {field.name for field in NetSuite.config_fields if field.is_secret}

    assert secret == {"private_key", "consumer_secret", "token_secret"}


def test_I5_an_address_that_is_none_is_refused(far_side):
    with pytest.raises(ConnectionBroken, match="is no address"):
        far_side.connector(api_url="ftp://elsewhere")
