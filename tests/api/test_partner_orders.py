"""Orders that partners tell: kept once, whoever asks; what cannot be meant is refused; and what became of them."""

from __future__ import annotations

import json
import uuid

import pytest
from django.test import Client

from hub.connectors.documents import Attribute
from hub.errors import MappingMissing
from hub.sync import review
from hub.sync.models import Connection, SyncTask
from orders.api_examples import TOLD_ORDER
from orders.flows import place_partner_order
from orders.models import PartnerOrder
from orders.partners.documents import stored_documents

SCOPE = "orders:write"
EURO = {"amount": "9.50", "currency": "EUR"}
GATE = {"name": "Loading gate", "value": "5"}


def send(key, body, idempotency_key="k-1"):
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": idempotency_key}
    client = Client(raise_request_exception=False)
    address = "/api/v1/partner-orders/place"
    return client.post(address, data=json.dumps(body), content_type="application/json", headers=headers)


def an_order(world, **changes):
    body = {
        "store": str(world.euro.public_id),
        "number": "EDI-1",
        "customer": "10000",
        "po_number": "PO 77",
        "lines": [{"sku": "TAB-001", "quantity": 2}],
    }
    return {name: value for name, value in (body | changes).items() if value is not None}


def listed(world, **asked):
    items = world.get("partner-orders", world.key("orders:read"), **asked).json()["items"]
    return [(one["number"], one["status"], one["reason"]) for one in items]


def test_an_order_is_kept_whole_and_placed_once_however_often_it_is_sent(world):
    key = world.key(SCOPE)
    body = TOLD_ORDER | {"store": str(world.euro.public_id)}

    first = send(key, body)
    replayed = send(key, body)
    again = send(key, body, "k-2")

    order = PartnerOrder.objects.get()
    assert (first.status_code, first.json()["status"], first.json()["id"]) == (200, "received", str(order.pk))
    assert (replayed.json(), again.json()) == (first.json(), first.json())
    assert replayed.headers["Idempotent-Replayed"] == "true"
    document = stored_documents.read(order.document)
    assert [(line.code, line.quantity, str(line.price)) for line in document.lines] == [
        ("TAB-001", 2, "9.50"),
        ("IT-0003", 10, "None"),
    ]
    assert (document.currency, document.ship_to.city, str(document.requested_ship_date)) == (
        "EUR",
        "Hamburg",
        "2026-03-09",
    )
    task = SyncTask.objects.get(flow=place_partner_order.FLOW)
    assert (task.connection, task.record_id) == (world.euro, order.pk)


def test_a_number_means_one_order_of_one_partner(world):
    key = world.key(SCOPE)
    send(key, an_order(world))

    other_body = send(key, an_order(world, customer="20000"), "k-2")
    same_key = send(key, an_order(world, number="EDI-2"))
    other_partner = send(world.key(SCOPE), an_order(world))

    assert (other_body.status_code, same_key.status_code, other_partner.status_code) == (409, 422, 200)
    assert "'EDI-1' was used for another order" in other_body.json()["detail"]
    assert PartnerOrder.objects.count() == 2


def test_attributes_are_part_of_what_was_told_and_an_order_from_before_them_stays_the_same(world):
    key = world.key(SCOPE)
    send(key, an_order(world))
    send(key, an_order(world, number="EDI-2", attributes=[GATE]), "k-2")
    before, other = PartnerOrder.objects.order_by("pk")
    # As the orders were kept that were told before there were attributes.
    assert "attributes" not in before.document

    same = [send(key, an_order(world, attributes=given), f"k-{given}") for given in (None, [])]
    added = send(key, an_order(world, attributes=[GATE]), "k-3")
    left_out = send(key, an_order(world, number="EDI-2"), "k-4")

    assert [answer.json()["id"] for answer in same] == [str(before.pk)] * 2
    assert (added.status_code, left_out.status_code) == (409, 409)
    assert stored_documents.read(before.document).attributes == ()
    assert stored_documents.read(other.document).attributes == (Attribute("Loading gate", "5"),)


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"customer": None}, "customer", "required"),
        ({"lines": [{"quantity": 1}]}, "lines[0]", "by sku or by item"),
        (
            {"lines": [{"sku": "A", "quantity": 1, "price": EURO | {"amount": "9.505"}}]},
            "lines[0].price",
            "more decimals than EUR",
        ),
        (
            {"lines": [{"sku": "A", "quantity": 1, "price": EURO}], "total": EURO | {"currency": "USD"}},
            "total",
            "in one currency; this order has EUR, USD",
        ),
        ({"shipping": {"method": "Standard", "price": EURO | {"amount": "-1"}}}, "shipping.price", "below"),
        ({"colour": "red"}, "colour", "no such field"),
        (
            {"lines": [{"sku": "A", "quantity": 1}, {"sku": "B", "quantity": 1, "unit_price": EURO}]},
            "lines[1].unit_price",
            "no such field. Known are: sku, item, unit, quantity, price",
        ),
        ({"lines": [{"sku": "A", "quantity": 0}]}, "lines[0].quantity", "greater than or equal to 1"),
        ({"lines": [{"sku": "A", "quantity": 1, "price": "9.50"}]}, "lines[0].price", "a dictionary"),
        ({"shipping": {"price": EURO}}, "shipping.method", "required"),
        ({"attributes": "Gate 5"}, "attributes", "list of items"),
        ({"attributes": [GATE, "x"]}, "attributes[1]", "a dictionary"),
        ({"attributes": [{"name": "Gate"}]}, "attributes[0].value", "required"),
        ({"attributes": [GATE | {"value": " "}]}, "attributes[0].value", "blank"),
        ({"attributes": [GATE | {"value": ["5"]}]}, "attributes[0].value", "Not a valid string"),
        ({"attributes": [GATE | {"name": "G" * 201}]}, "attributes[0].name", "no more than 200"),
        ({"attributes": [GATE | {"value": "5" * 501}]}, "attributes[0].value", "no more than 500"),
        ({"attributes": [GATE | {"value": "a\0b"}]}, "attributes[0].value", "Null characters"),
        ({"attributes": [GATE | {"value": "\ud800"}]}, "attributes[0].value", "Surrogate characters"),
        ({"attributes": [GATE | {"key": "Gate"}]}, "attributes[0].key", "no such field"),
        (
            {"attributes": [{"name": f"N{n}", "value": "v"} for n in range(51)]},
            "attributes",
            "than 50 elements",
        ),
        ({"attributes": [GATE, GATE | {"name": " Loading  gate "}]}, "attributes[1].name", "comes twice"),
        (
            {"attributes": [{"name": "requested ship date", "value": "2030-01-01"}]},
            "attributes[0].name",
            "as requested_ship_date",
        ),
        ({"store": False}, "store", "valid UUID"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name_and_nothing_is_kept(world, changes, field, words):
    answer = send(world.key(SCOPE), an_order(world, **changes))

    assert answer.status_code == 400
    told = {error["parameter"]: error["detail"] for error in answer.json()["errors"]}
    assert words in told[field]
    assert PartnerOrder.objects.count() == 0


def test_a_store_that_is_not_seen_or_sends_no_orders_takes_none(world):
    bare = Connection.objects.create(system="shopify", name="Bare", code="BA", config={"shop_domain": "b"})
    mine = world.key(SCOPE, sees=[world.euro])

    unseen = send(mine, an_order(world, store=str(world.dollar.public_id)))
    unknown = send(mine, an_order(world, store=str(uuid.uuid4())))
    no_erp = send(world.key(SCOPE), an_order(world, store=str(bare.public_id)))
    without = send(world.key("orders:read"), an_order(world))

    assert (unseen.status_code, unknown.status_code, no_erp.status_code) == (404, 404, 409)
    assert (without.status_code, without.json()["missing_scope"]) == (403, SCOPE)
    assert PartnerOrder.objects.count() == 0


def test_a_partner_reads_where_each_order_stands_and_why(world):
    in_erp, in_store = world.told(world.sent()), world.told(world.order())
    send(world.key(SCOPE), an_order(world, number="W"))
    waiting = PartnerOrder.objects.get(number="W")
    question = MappingMissing("Nobody knows 'GLN-1'.")
    review.open_item(
        place_partner_order.FLOW, world.euro.pk, waiting.pk, f"partner_order:{waiting.pk}", question
    )
    PartnerOrder.objects.create(
        connection=world.euro,
        external_id="partner:0:R",
        number="R",
        told_by="EDI",
        document={},
        state="rejected",
        answer="Too late.",
    )
    world.ask(in_store.order)

    assert listed(world) == [
        ("R", "rejected", "Too late."),
        ("W", "waiting", "Nobody knows 'GLN-1'."),
        (in_store.number, "in_store", f"No item is mapped to a SKU of {in_store.order.name}."),
        (in_erp.number, "in_erp", ""),
    ]
    assert listed(world, po_number="po77") == [("W", "waiting", "Nobody knows 'GLN-1'.")]
    one = world.get(f"partner-orders/{in_erp.pk}", world.key()).json()
    assert (one["order_id"], one["erp_numbers"]) == (str(in_erp.order.pk), [f"SO-{in_erp.order.pk}"])
    told = world.get(f"orders/{in_erp.order.pk}/timeline", world.key()).json()["items"]
    assert f"EDI told it as {in_erp.number}." in [happening["words"] for happening in told]
