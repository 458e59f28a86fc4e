from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from companies.models import StoreCompanyLocation
from hub.sync.enqueue import enqueue
from hub.sync.models import Alert, ApiCall, ReviewItem, Schedule, SyncTask
from orders.models import FreightPolicy, FreightQuote, FreightTraffic

ADDRESS = "https://hub.example.com"
FLOW = "check_carrier_service"


@pytest.fixture
def freight(make_hub, settings):
    """A hub whose euro store lets the ERP own shipping, and which works only when it is asked to."""
    settings.PUBLIC_URL = ADDRESS
    hub = make_hub(store_options={"plan": "advanced"})
    Schedule.objects.filter(flow=FLOW).update(is_enabled=False)
    FreightPolicy.objects.create(store=hub.euro, owner="erp")
    return hub


def ours(hub):
    return f"{ADDRESS}/carrier/{hub.euro.public_id}/rates"


def carriers(hub):
    return [
        (one["name"], one["callbackUrl"], one["active"]) for one in hub.shop().every("DeliveryCarrierService")
    ]


def check(hub):
    enqueue(FLOW, hub.euro.pk)
    hub.work()
    return (hub.messages(FLOW) or [""])[-1]


def writes(hub):
    calls = ApiCall.objects.filter(connection=hub.euro, kind="write", operation__contains="Carrier").order_by(
        "pk"
    )
    return list(calls.values_list("operation", flat=True))


def test_registers_our_carrier_once(freight):
    first = check(freight)
    second = check(freight)

    assert carriers(freight) == [("Freight", ours(freight), True)]
    assert (first.split(";")[0], second.split(";")[0]) == ("created our carrier", "our carrier stands")
    assert writes(freight) == ["CreateCarrierService"]
    [made] = freight.shop().every("DeliveryCarrierService")
    assert FreightPolicy.objects.get().carrier_external_id == made["id"]


def test_finds_a_carrier_that_was_switched_off_moved_or_deleted(freight):
    check(freight)
    [made] = freight.shop().every("DeliveryCarrierService")
    made["active"], made["callbackUrl"] = False, "https://old.example.com/x"

    corrected = check(freight)
    after_correction = carriers(freight)
    freight.shop().remove(made)
    made_again = check(freight)

    assert corrected.startswith("corrected our carrier (switched off, other address)")
    assert after_correction == [("Freight", ours(freight), True)]
    assert made_again.startswith("created our carrier")
    assert carriers(freight) == [("Freight", ours(freight), True)]


def test_a_create_whose_answer_was_lost_is_found_by_its_address(freight):
    freight.faults({"kind": "commit_then_drop", "operation": "CreateCarrierService", "times": 1})

    check(freight)
    freight.hurry()
    SyncTask.objects.update(settle_at=None)
    freight.work()

    assert carriers(freight) == [("Freight", ours(freight), True)]
    assert writes(freight) == ["CreateCarrierService"]
    assert FreightPolicy.objects.get().carrier_external_id


def test_a_smaller_plan_is_told_and_heals_by_itself(freight):
    check(freight)
    freight.buyer("change_plan", plan="standard")

    check(freight)
    refused = freight.reviews(), carriers(freight), Alert.objects.get(closed_at=None).cause
    freight.buyer("change_plan", plan="advanced")
    healed = check(freight)

    assert refused[0] == [(FLOW, "carrier_refused")]
    assert refused[1] == [("Freight", ours(freight), False)]
    assert "no freight at the checkout" in refused[2]
    assert healed.startswith("corrected our carrier (switched off)")
    assert freight.reviews() == []
    assert Alert.objects.filter(closed_at=None).count() == 0


def test_an_app_without_scopes_for_shipping_is_told_and_goes_on_with_orders(freight):
    shop = freight.shop()
    shop.settings.scopes -= {"read_shipping", "write_shipping"}

    check(freight)
    freight.euro.refresh_from_db()

    assert freight.reviews() == [(FLOW, "carrier_refused")]
    assert "read_shipping" in ReviewItem.objects.get(state="open").message
    assert freight.euro.paused_at is None


def test_a_store_that_takes_shipping_back_loses_our_carrier(freight):
    check(freight)
    FreightPolicy.objects.update(owner="store")

    done = check(freight)
    again = check(freight)

    assert carriers(freight) == []
    assert (done, again) == ("the store owns shipping; our carrier is deleted", "the store owns shipping")


@pytest.mark.parametrize(
    ("public_url", "secret", "code"),
    [("", "sandbox-secret", "carrier_address"), (ADDRESS, "", "carrier_secret")],
)
def test_what_the_store_could_not_use_goes_to_review_and_sends_nothing(
    freight, settings, public_url, secret, code
):
    settings.PUBLIC_URL = public_url
    if not secret:
        freight.euro.config |= {"auth": "static_token"}
        freight.euro.secrets = {"access_token": "x"}
        freight.euro.save()

    check(freight)

    assert freight.reviews(flow=FLOW) == [(FLOW, code)]
    assert carriers(freight) == []


def test_requests_that_are_all_refused_are_told(freight):
    FreightTraffic.objects.create(store=freight.euro, minute=datetime.now(UTC), requests=0, refused=3)

    check(freight)
    told = freight.reviews(flow=FLOW)
    FreightTraffic.objects.update(requests=1)
    check(freight)

    assert told == [(FLOW, "carrier_signature")]
    assert freight.reviews(flow=FLOW) == []


def test_waits_while_the_store_is_down_then_goes_on(freight):
    freight.faults({"kind": "status", "status": 503, "operation": "CarrierServices"})

    check(freight)
    before = carriers(freight)
    freight.forget_faults()
    freight.hurry()
    freight.work()

    assert before == []
    assert carriers(freight) == [("Freight", ours(freight), True)]


def test_buyers_are_read_anew_and_old_quotes_go(freight):
    shop, long_ago = freight.shop(), datetime.now(UTC) - timedelta(days=100)
    [location] = [one for one in shop.every("CompanyLocation") if one["name"] == "Hamburg"]
    StoreCompanyLocation.objects.create(connection=freight.euro, external_id=location["id"], read_at=long_ago)
    values = {
        "store": freight.euro,
        "method_code": "S",
        "title": "S",
        "price": 1,
        "currency": "EUR",
        "source": "live",
    }
    FreightQuote.objects.create(**values, quoted_at=long_ago, offered_at=long_ago)
    FreightQuote.objects.create(**values | {"price": 2}, quoted_at=long_ago)

    done = check(freight)

    assert done.endswith("buyers of 1 company locations read")
    assert len(StoreCompanyLocation.objects.get().customers) == 1
    assert [quote.price for quote in FreightQuote.objects.all()] == [2]
