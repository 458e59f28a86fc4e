from __future__ import annotations

from datetime import timedelta

import pytest

from hub.connectors.base import Check
from hub.connectors.capabilities import Capability
from hub.connectors.credits import Credits, ReturnOrders
from hub.connectors.documents import LineKind
from hub.connectors.erp_parts import Confirmation, Customers, NewCustomers, SalesOrders
from hub.connectors.registry import connector_class
from tests.connectors.tryton.far_side import CONFIG, user_error

RIGHTS = "model.ir.model.access.get_access"
ALL = dict.fromkeys(("read", "write", "create", "delete"), 1)
MODELS = (
    "sale.sale",
    "sale.line",
    "account.invoice",
    "party.party",
    "party.address",
    "product.product",
    "account.tax",
    "account.invoice.payment_term",
    "stock.shipment.out",
    "stock.move",
    "stock.location",
    "web.shop",
)


def failed(checks):
    return {check.name: check.detail for check in checks if not check.is_ok}


def test_is_registered_and_plays_its_parts(far_side):
    erp = far_side.connector()

    assert isinstance(erp, connector_class("tryton"))
    for part in (SalesOrders, Customers, NewCustomers, Confirmation, Credits, ReturnOrders):
        assert erp.supporting(part) is erp


def test_says_what_it_cannot_do(far_side):
    erp = far_side.connector()

    assert set(erp.unsupported_capabilities) == {
        Capability.CREATE_TOGETHER,
        Capability.SUB_CUSTOMERS,
        Capability.READ_LIMITS,
        Capability.TELL_CHANGES,
    }
    assert erp.charge_kinds == (LineKind.ITEM,)
    assert erp.has_native_idempotency


def test_limits_are_small_or_what_the_connection_says(far_side):
    erp = far_side.connector()

    standard = erp.limits(CONFIG)
    own = erp.limits(CONFIG | {"concurrency": "12", "requests_per_second": "200"})
    nonsense = erp.limits(CONFIG | {"concurrency": "many", "requests_per_second": "0"})

    assert (standard.concurrency, standard.points_per_second, standard.burst) == (4, 50, 50)
    assert (own.concurrency, own.points_per_second) == (12, 200)
    assert nonsense == standard


def test_connections_of_one_user_share_limits(far_side):
    erp = far_side.connector()

    assert erp.credential_name(CONFIG) == "tryton/tryton.example/trading/hub"
    assert erp.credential_name(CONFIG | {"user": " HUB "}) == erp.credential_name(CONFIG | {"web_shops": "x"})


def test_the_form_asks_for_the_secret_as_a_secret(far_side):
    fields = {field.name: field for field in far_side.connector().config_fields}

    assert [name for name, field in fields.items() if field.is_secret] == ["password"]
    assert {name for name, field in fields.items() if field.is_required} == set(CONFIG) | {"password"}


def test_durations_are_what_the_connection_says(far_side):
    own = far_side.connector(call_deadline_seconds="3", settle_after_seconds="1.5")
    nonsense = far_side.connector(call_deadline_seconds="soon", settle_after_seconds="-1")

    assert (own.call_deadline, own.settle_after) == (timedelta(seconds=3), timedelta(seconds=1.5))
    assert (nonsense.call_deadline, nonsense.settle_after) == (timedelta(seconds=60), timedelta(minutes=5))


def test_a_good_connection_passes_every_check_and_only_reads(far_side):
    far_side.answers(RIGHTS, dict.fromkeys(MODELS, ALL))

    checks = far_side.connector().test()

    assert failed(checks) == {}
    assert [check.name for check in checks] == [
        "Sign in",
        "Company",
        *(f"Rights on {model}" for model in MODELS),
        "Web shop Shopify",
        "Tax rounding",
    ]
    assert not any(method.endswith((".create", ".write")) for method in far_side.methods())


def test_a_wrong_password_fails_the_first_check(far_side):
    far_side.answers("common.db.login", (401, b""))

    (check,) = far_side.connector().test()

    assert (check.name, check.is_ok) == ("Sign in", False)
    assert "wrong name or password" in check.detail


def test_a_password_is_tested_though_a_session_still_lives(far_side):
    erp = far_side.connector()
    erp.client.session()
    far_side.answers("common.db.login", (401, b""))

    assert list(failed(erp.test())) == ["Sign in"]


def test_a_user_without_a_company_fails_the_second_check(far_side):
    far_side.answers("model.res.user.get_preferences", {})

    checks = far_side.connector().test()

    assert list(failed(checks)) == ["Company"]


def test_a_missing_right_is_named_with_what_it_is_for(far_side):
    rights = dict.fromkeys(MODELS, ALL) | {"sale.sale": ALL | {"create": 0, "write": 0}}
    far_side.answers(RIGHTS, rights)

    checks = far_side.connector().test()

    assert failed(checks) == {
        "Rights on sale.sale": "The user may not create or write records of sale.sale. "
        "It is needed to send, follow and confirm orders: put the user into a group that may."
    }


def test_rights_that_cannot_be_read_are_one_failed_check(far_side):
    far_side.answers(RIGHTS, (403, b""))

    assert list(failed(far_side.connector().test())) == ["Rights"]


@pytest.mark.parametrize(
    ("method", "answer", "name", "words"),
    [
        ("model.web.shop.search_read", [], "Web shop Shopify", "no web shop 'Shopify'"),
        ("model.sale.sale.fields_get", {}, "Web shop Shopify", "module web_shop is not activated"),
        (
            "model.account.configuration.read",
            [{"tax_rounding": "document"}],
            "Tax rounding",
            "rounded for the whole sale",
        ),
        (
            "model.account.configuration.read",
            user_error("No access."),
            "Tax rounding",
            "rounded for the whole sale",
        ),
    ],
)
def test_what_is_missing_in_tryton_is_named(far_side, method, answer, name, words):
    far_side.answers(RIGHTS, dict.fromkeys(MODELS, ALL))
    far_side.answers(method, answer)

    found = failed(far_side.connector().test())

    assert list(found) == [name]
    assert words in found[name]


def test_unusable_numbers_are_named(far_side):
    far_side.answers(RIGHTS, dict.fromkeys(MODELS, ALL))

    checks = far_side.connector(concurrency="0.5", settle_after_seconds="long").test()

    assert checks[-2:] == [
        Check("settle_after_seconds", False, "It is not a number between 0 and 86400; the default is used."),
        Check("concurrency", False, "It is not a number between 1 and 1000; the default is used."),
    ]
