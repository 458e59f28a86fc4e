from __future__ import annotations

import pytest

from hub.connectors.erp_parts import Customers, SalesOrders
from hub.connectors.registry import connector_class
from hub.errors import RateLimited, Unreachable
from tests.connectors.business_central.far_side import CONFIG, payload


def test_is_registered_and_plays_its_parts(far_side):
    erp = far_side.connector()

    assert isinstance(erp, connector_class("business_central"))
    assert erp.supporting(SalesOrders) is erp.supporting(Customers) is erp


def test_limits_stay_within_six_thousand_in_five_minutes(far_side):
    limits = far_side.connector().limits(CONFIG)

    assert limits.burst + 300 * limits.points_per_second == 6000
    assert (limits.concurrency, limits.unit) == (5, "requests")


def test_connections_of_one_application_share_limits(far_side):
    erp = far_side.connector()

    assert erp.credential_name(CONFIG) == "business_central/tenant-1/client-1"
    assert erp.credential_name(CONFIG | {"client_id": " CLIENT-1 "}) == erp.credential_name(
        CONFIG | {"company": "X"}
    )


def test_the_form_asks_for_the_secret_as_a_secret(far_side):
    fields = {field.name: field for field in far_side.connector().config_fields}

    assert [name for name, field in fields.items() if field.is_secret] == ["client_secret"]
    assert {name for name, field in fields.items() if field.is_required} == set(CONFIG) | {"client_secret"}


def test_a_good_connection_passes_every_check(far_side):
    checks = far_side.connector().test()

    assert [(check.name, check.is_ok) for check in checks] == [
        ("Sign in", True),
        ("Company", True),
        ("Read customers", True),
        ("Read items", True),
        ("Read paymentTerms", True),
        ("Read shipmentMethods", True),
        ("Read salesOrders", True),
        ("Read salesInvoices", True),
        ("Read salesQuotes", True),
        ("Read locations", True),
        ("Read salesShipments", True),
        ("Read salesCreditMemos", True),
        ("Tracking numbers", True),
        ("Stock by location", True),
        ("Units of items", True),
        ("Webhook subscriptions", True),
    ]
    assert {sent.method for sent in far_side.sent if sent.entity != "token"} == {"GET"}


def test_a_wrong_secret_fails_the_first_check(far_side):
    far_side.answers("POST token", (401, payload("sign_in_refused")))

    (check,) = far_side.connector().test()

    assert (check.name, check.is_ok) == ("Sign in", False)
    assert "AADSTS7000215" in check.detail


def test_a_wrong_company_fails_the_second(far_side):
    checks = far_side.connector(company="X").test()

    assert [(check.name, check.is_ok) for check in checks] == [("Sign in", True), ("Company", False)]


def test_a_missing_permission_fails_its_entity_alone(far_side):
    far_side.answers("GET items", (403, payload("permission")))

    failed = [check for check in far_side.connector().test() if not check.is_ok]

    assert [check.name for check in failed] == ["Read items"]
    assert failed[0].detail.endswith("It is needed to check item numbers.")


def test_an_unusable_duration_is_said_and_the_safe_one_used(far_side):
    erp = far_side.connector(settle_after_seconds="soon", call_deadline_seconds="nan")

    checks = erp.test()

    assert [check.name for check in checks if not check.is_ok] == [
        "call_deadline_seconds",
        "settle_after_seconds",
    ]
    assert erp.settle_after.total_seconds() == 1200
    assert erp.call_deadline.total_seconds() == 60


@pytest.mark.parametrize(("status", "error"), [(503, Unreachable), (429, RateLimited)])
def test_a_far_side_that_is_down_is_no_finding(far_side, status, error):
    far_side.answers("GET companies", (status, b""))

    with pytest.raises(error):
        far_side.connector().test()


def test_the_sandbox_address_takes_the_place_of_the_clouds(far_side):
    erp = far_side.connector(
        api_url="http://127.0.0.1:9100/erps/acme/", login_url="http://127.0.0.1:9100/erps/acme"
    )

    assert (
        str(erp.client.http.base_url) == "http://127.0.0.1:9100/erps/acme/v2.0/tenant-1/Production/api/v2.0"
    )
    erp.close()
