"""Scenario 23 through the front door: a checkout of the simulated store asks, over HTTP, signed, under its deadline."""

from __future__ import annotations

import threading
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from companies.models import CompanyLocationLink, StoreCompanyLocation
from orders.freight import live, standing
from orders.models import FreightPolicy, FreightQuote, FreightTraffic
from tests.orders.freight.conftest import rate

HAMBURG = {"country": "DE", "postal_code": "20095", "city": "Hamburg", "address1": "Ballindamm 3"}
BASKET = [{"sku": "TAB-001", "quantity": 2, "grams": 4000}]


@pytest.fixture
def asked(shop):
    """The shop with its carrier registered."""
    shop.shop().add(
        "DeliveryCarrierService",
        {
            "name": "Freight",
            "callbackUrl": f"{shop.web}/carrier/{shop.euro.public_id}/rates",
            "active": True,
            "supportsServiceDiscovery": True,
        },
    )
    return shop


def checkout(hub, **data):
    return hub.buyer("checkout", **{"lines": BASKET, "destination": HAMBURG, "anew": True, **data})


def prices(shown):
    return {one["service_code"]: one["total_price"] for one in shown["rates"]}


def change(hub, **values):
    FreightPolicy.objects.filter(pk=hub.policy.pk).update(**values)
    standing.forget()


class Answering(BaseHTTPRequestHandler):
    """A customer's own endpoint; `answer` is called with the server for each request."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.server.asked.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
        self.server.release.wait(120)
        status, body = self.server.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        return


@pytest.fixture
def endpoint():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    server.asked, server.release = [], threading.Event()
    server.release.set()
    server.answer = (
        200,
        b'{"rates": [{"method": "LIVE", "name": "Pallet", "price": "41.10", "currency": "EUR"}]}',
    )
    server.url = f"http://127.0.0.1:{server.server_port}/freight"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.release.set()
    server.shutdown()
    thread.join()
    server.server_close()


def asks_endpoint(hub, endpoint, **values):
    change(
        hub,
        **{"sources": "remembered", "endpoint_url": endpoint.url, "live_milliseconds": 4000, **values},
    )


def test_scenario_23_a_checkout_is_shown_the_rates_of_the_table_with_promise_dates(asked):
    shown = checkout(asked)

    assert (shown["used"], shown["status"]) == ("carrier", 200)
    assert prices(shown) == {"erp-freight:STD": "1250", "erp-freight:EXP": "2990"}
    standard = shown["rates"][0]
    assert standard["service_name"] == "Standard freight"
    assert standard["currency"] == "EUR"
    assert standard["min_delivery_date"] < standard["max_delivery_date"]
    assert "min_delivery_date" not in shown["rates"][1]


def test_scenario_23_what_was_offered_is_kept_once(asked):
    checkout(asked)
    checkout(asked)

    quotes = FreightQuote.objects.order_by("method_code")
    assert [(q.method_code, q.price, q.currency, q.source) for q in quotes] == [
        ("EXP", Decimal("29.9"), "EUR", "table"),
        ("STD", Decimal("12.5"), "EUR", "table"),
    ]
    assert all(quote.offered_at > quote.first_offered_at for quote in quotes)


ODD = {
    "digital": ({"lines": [{"sku": "TAB-001", "requires_shipping": False}]}, "none"),
    "not served": ({"destination": {"country": "FR", "postal_code": "69002"}}, "none"),
    "no address": ({"destination": {}}, "none"),
    "other currency": ({"currency": "JPY"}, "none"),
    "no currency": ({"currency": "???"}, "none"),
    "no weight": ({"lines": [{"sku": "TAB-001", "grams": 0}]}, "carrier"),
    "negative weight": ({"lines": [{"sku": "TAB-001", "grams": -5}]}, "carrier"),
    "PO box": ({"destination": {**HAMBURG, "address1": "Postfach 12 34"}}, "carrier"),
}


def test_scenario_23_odd_baskets_have_defined_answers(asked):
    shown = {name: checkout(asked, **asking) for name, (asking, _) in ODD.items()}

    assert {name: (one["used"], one["status"]) for name, one in shown.items()} == {
        name: (used, 200) for name, (_, used) in ODD.items()
    }


def test_scenario_23_a_negative_weight_is_unknown_and_no_row_by_weight_answers_it(asked):
    rate(asked, "LIGHT", "3.00", weight_to=Decimal(5))
    standing.forget()

    light = checkout(asked, lines=[{"sku": "TAB-001", "grams": 900}])
    unknown = checkout(asked, lines=[{"sku": "TAB-001", "grams": -900}])

    assert "erp-freight:LIGHT" in prices(light)
    assert "erp-freight:LIGHT" not in prices(unknown)


def test_scenario_23_several_parcels_cost_as_many_prices(asked):
    rate(asked, "PARCEL", "7.00", parcel_weight=Decimal(30))
    standing.forget()

    shown = checkout(asked, lines=[{"sku": "TAB-001", "quantity": 3, "grams": 25_000}])

    assert prices(shown)["erp-freight:PARCEL"] == "2100"


def test_scenario_23_a_post_office_box_is_not_served_where_the_policy_says_so(asked):
    change(asked, serves_po_boxes=False)

    shown = checkout(asked, destination={**HAMBURG, "address2": "P.O. Box 7"})

    assert shown["used"] == "none"


def buyer(hub, email):
    """The store's id of a customer."""
    [found] = hub.shop().where("Customer", email=email)
    return found["id"]


def may_order(hub, email, number, tail):
    """The customer may order for one more location, which is this customer of the ERP."""
    location = StoreCompanyLocation.objects.create(
        connection=hub.euro,
        external_id=f"gid://shopify/CompanyLocation/{tail}",
        customers=[buyer(hub, email)],
    )
    if number:
        CompanyLocationLink.objects.create(
            location=location, connection=hub.erp, customer_external_id=number, customer_number=number
        )


def test_scenario_23_a_company_is_offered_its_contract_and_others_the_table(asked):
    one, other = "einkauf@nordlicht.example", "bestellung@alpenhaus.example"
    may_order(asked, one, "10000", 1)
    may_order(asked, one, "10000", 2)
    rate(asked, "STD", "4.00", customer_number="10000")
    rate(asked, "STD", "5.00", customer_number="20000")

    contract, public = checkout(asked, customer=one), checkout(asked, customer=other)

    assert prices(contract) == {"erp-freight:STD": "400"}
    assert prices(public) == {"erp-freight:STD": "1250", "erp-freight:EXP": "2990"}


@pytest.mark.parametrize("second", ["20000", ""], ids=["two customers", "one location nobody knows"])
def test_scenario_23_a_buyer_who_is_not_one_customer_is_offered_the_table(asked, second):
    email = "einkauf@nordlicht.example"
    may_order(asked, email, "10000", 1)
    may_order(asked, email, second, 2)
    rate(asked, "STD", "4.00", customer_number="10000")

    shown = checkout(asked, customer=email)

    assert prices(shown)["erp-freight:STD"] == "1250"


def test_scenario_23_nothing_known_ends_in_the_last_resort_or_in_no_rates(asked):
    nowhere = {"country": "NZ", "postal_code": "6011"}
    before = checkout(asked, destination=nowhere)
    change(
        asked,
        last_price=Decimal("99"),
        last_currency="EUR",
        last_method_code="ASK",
        last_title="By agreement",
    )

    after = checkout(asked, destination=nowhere)

    assert before["used"] == "none"
    assert prices(after) == {"erp-freight:ASK": "9900"}
    assert FreightQuote.objects.get(method_code="ASK").source == "last"


def test_the_endpoint_answers_with_the_erps_freight_and_is_asked_once_for_the_same(asked, endpoint):
    asks_endpoint(asked, endpoint)

    shown = [prices(checkout(asked)) for _ in range(3)]

    assert shown == [{"erp-freight:LIVE": "4110"}] * 3
    assert len(endpoint.asked) == 1
    assert FreightQuote.objects.get().source == "live"


def test_the_endpoint_is_asked_with_the_secret_and_the_whole_question(asked, endpoint):
    policy = FreightPolicy.objects.get(pk=asked.policy.pk)
    policy.secrets = {"endpoint_secret": "s3cret"}
    policy.save()
    asks_endpoint(asked, endpoint)

    checkout(asked)

    [(headers, body)] = endpoint.asked
    assert headers["Authorization"] == "Bearer s3cret"
    assert b'"grams": 8000' in body
    assert b'"postal_code": "20095"' in body
    assert b"s3cret" not in body


def test_scenario_23_an_erp_that_does_not_answer_costs_the_first_buyers_a_moment_and_then_nothing(
    asked, endpoint
):
    asks_endpoint(asked, endpoint, live_milliseconds=150, sources="live")
    endpoint.release.clear()

    shown = [checkout(asked, lines=[{"sku": "TAB-001", "quantity": n}]) for n in range(1, 8)]

    assert [one["used"] for one in shown] == ["carrier"] * 7
    assert all(prices(one)["erp-freight:STD"] == "1250" for one in shown)
    assert len(endpoint.asked) <= 3


def test_scenario_23_an_answer_that_came_too_late_serves_the_next_buyer(asked, endpoint):
    asks_endpoint(asked, endpoint, live_milliseconds=150)
    endpoint.release.clear()
    first = checkout(asked)
    endpoint.release.set()
    live.forget()

    second = checkout(asked)

    assert "erp-freight:LIVE" not in prices(first)
    assert prices(second) == {"erp-freight:LIVE": "4110"}
    assert len(endpoint.asked) == 1


BROKEN = [
    (500, b""),
    (200, b"<html>"),
    (200, b'{"rates": 7}'),
    (200, b'{"rates": [{"method": "A", "name": "B", "price": "-1", "currency": "EUR"}]}'),
    (200, b'{"rates": [{"method": "A", "name": "B", "price": 1e400, "currency": "EUR"}]}'),
    (200, b'{"rates": [{"method": "A", "name": "B", "price": "1.234", "currency": "EUR"}]}'),
    (200, b'{"rates": [{"method": "A", "name": "B", "price": "1", "currency": "USD"}]}'),
    (401, b""),
    (302, b""),
]


def test_scenario_23_a_broken_answer_ends_in_the_table(asked, endpoint):
    asks_endpoint(asked, endpoint)

    shown = []
    for answer in BROKEN:
        # Else it would not be asked any more after the third.
        live.forget()
        endpoint.answer = answer
        shown.append(prices(checkout(asked)))

    assert shown == [{"erp-freight:STD": "1250", "erp-freight:EXP": "2990"}] * len(BROKEN)
    assert len(endpoint.asked) == len(BROKEN)


def test_scenario_23_the_erp_may_say_that_nothing_is_shipped_there(asked, endpoint):
    asks_endpoint(asked, endpoint)
    endpoint.answer = 200, b'{"rates": []}'

    shown = checkout(asked)

    assert shown["used"] == "none"


def test_a_remembered_price_serves_while_the_erp_is_off(asked, endpoint):
    asks_endpoint(asked, endpoint)
    checkout(asked)
    change(asked, fresh_minutes=0)
    endpoint.answer = 503, b""

    shown = checkout(asked)

    assert prices(shown) == {"erp-freight:LIVE": "4110"}
    assert len(endpoint.asked) == 2


def test_another_secret_is_refused_counted_and_brings_backup_rates(asked):
    shown = checkout(asked, secret="a wrong one")

    assert (shown["used"], shown["status"]) == ("backup", 401)
    assert [(t.requests, t.refused) for t in FreightTraffic.objects.all()] == [(0, 1)]
    assert FreightQuote.objects.count() == 0


def test_a_store_that_owns_its_shipping_is_told_no_rates(asked):
    change(asked, owner="store")

    shown = checkout(asked)

    assert (shown["used"], shown["status"]) == ("none", 200)
