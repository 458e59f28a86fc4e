"""Detectors by what they find and, as much, by what they leave alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from hub.connectors.documents import LineKind
from hub.sync.models import Alert, ReviewItem, SyncTask
from orders.flows import watch_erp_orders, watch_orders
from orders.models import ErpOrder, OfflineOrderPolicy, OrderLink, OrderPolicy, OrderWatch, StoreOrder
from tests.admin.rows import link, make_orders, make_pair
from tests.orders.offline_orders import document, line, mirror

pytestmark = pytest.mark.django_db
HOURS_AGO = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)


@pytest.fixture
def pair():
    return make_pair()


def sent(pair, count=1, *, first=1, lines=(), shipping=(), **order):
    """Orders that were sent some hours ago and stand in the ERP as they were sent; their document was read whole."""
    store, erp = pair
    orders = make_orders(store, count, first=first)
    link(orders, erp)
    content = {"lines": list(lines), "prices_include_tax": False}
    OrderLink.objects.update(
        created_at=HOURS_AGO, reference_pushed_at=HOURS_AGO, sent_content_hash="c", sent_document=content
    )
    ErpOrder.objects.update(
        total_tax=Decimal(19),
        remote_updated_at=HOURS_AGO,
        observed_at=HOURS_AGO,
        document_updated_at=HOURS_AGO,
        document={"lines": list(lines), "prices_include_tax": False},
        stage="open",
    )
    whole = {**orders[0].document, "shipping_lines": list(shipping)}
    StoreOrder.objects.update(
        placed_at=HOURS_AGO,
        remote_updated_at=HOURS_AGO,
        company_external_id="company",
        document=whole,
        **order,
    )
    return orders


def offline(pair, *lines, **more):
    """An order that the ERP took some hours ago, of a kind that the store shows."""
    store, erp = pair
    OfflineOrderPolicy.objects.get_or_create(store=store, erp=erp, defaults={"is_on": False})
    OfflineOrderPolicy.objects.update(is_on=True)
    order = mirror(erp, document(*lines, updated_at=HOURS_AGO, **more))
    ErpOrder.objects.filter(pk=order.pk).update(document_updated_at=HOURS_AGO)
    return order


def found(pair):
    """The open questions of both watches, by code, after one look of each."""
    store, erp = pair
    watch_orders.run(store, 0)
    watch_erp_orders.run(erp, 0)
    items = ReviewItem.objects.filter(state="open", flow__startswith="watch_").order_by("pk")
    return [item.code for item in items]


FREIGHT = {
    "kind": "account",
    "number": "8100",
    "quantity": "1",
    "unit_price": "12.50",
    "discount_amount": "0",
    "description": "Standard",
    "source_external_id": "s-1",
}
COMMENT = {
    "kind": "comment",
    "number": "",
    "description": "Note: Call  before\ndelivery",
    "source_external_id": "",
}


def change_document(**changes):
    """The ERP's document says something else now."""
    erp_order = ErpOrder.objects.get()
    lines = [{**one, **changes} for one in erp_order.document["lines"]]
    ErpOrder.objects.update(document={**erp_order.document, "lines": lines})


def test_orders_that_are_well_are_left_alone(pair):
    sent(pair, 3, lines=[FREIGHT, COMMENT], shipping=[{"external_id": "s-1"}])
    order = offline(pair, po_number="PO-PHONE")
    OrderLink.objects.create(
        order=make_orders(pair[0], 1, first=9)[0],
        connection=pair[1],
        external_id=order.external_id,
        number=order.number,
        reference="",
        origin="erp",
        currency="EUR",
        expected_total=order.total_including_tax,
        expected_tax=order.total_tax,
        erp_total=order.total_including_tax,
        erp_tax=order.total_tax,
        totals="equal",
        reference_pushed_at=HOURS_AGO,
    )
    change_words = {**COMMENT, "description": "NOTE: Call before delivery."}
    ErpOrder.objects.filter(number="SO-1001").update(
        document={"lines": [FREIGHT, change_words], "prices_include_tax": False}
    )

    assert found(pair) == []
    assert not Alert.objects.exists()


def test_one_po_number_sent_twice_is_found_once_and_a_decision_about_it_stands(pair):
    first, second = sent(pair, 2, po_key="po-1", po_number="PO-1")
    assert found(pair) == ["duplicate_po"], "that both stand in the ERP says no more"

    item = ReviewItem.objects.get()
    assert (item.record_id, item.subject) == (second.pk, f"order:{second.pk}")
    assert item.evidence["found"] == {"duplicate_po": {"po_number": "PO-1", "also": first.name}}
    assert Alert.objects.filter(closed_at=None).count() == 1
    first.links.update(gone_at=HOURS_AGO)
    assert found(pair) == [], "the ERP has one of them"
    first.links.update(gone_at=None)
    assert found(pair) == ["duplicate_po"]
    ReviewItem.objects.filter(state="open").update(state="decided", decision="dismissed")

    assert found(pair) == []
    assert Alert.objects.filter(closed_at=None).count() == 0
    third = sent(pair, 1, first=3, po_key="po-1", po_number="PO-1")[0]
    watch_orders.run(pair[0], 0)
    assert [item.record_id for item in ReviewItem.objects.filter(state="open")] == [third.pk]


def test_po_numbers_that_may_be_used_again_or_were_approved_are_no_duplicates(pair):
    _, second = sent(pair, 2, po_key="po-1", po_number="PO-1")
    OrderPolicy.objects.update(duplicate_po="allow")
    watch_orders.run(pair[0], 0)
    OrderPolicy.objects.update(duplicate_po="hold")
    ReviewItem.objects.create(
        connection=pair[1],
        flow="push_order_to_erp",
        record_id=second.pk,
        subject=f"order:{second.pk}",
        code="possible_duplicate",
        state="decided",
        decision="approved",
    )

    watch_orders.run(pair[0], 0)

    assert not ReviewItem.objects.filter(flow="watch_orders").exists()


def test_an_order_entered_in_the_erp_beside_the_stores_is_a_duplicate_until_it_is_gone(pair):
    [order] = sent(pair, po_key="po-1", po_number="PO-1")
    entered = mirror(pair[1], document(po_number="po 1", customer_number="C-10"))
    ErpOrder.objects.filter(pk=entered.pk).update(po_key="po-1")

    assert found(pair) == ["duplicate_po"]
    item = ReviewItem.objects.get()
    assert (item.flow, item.subject) == ("watch_erp_orders", f"erp_order:{entered.pk}")
    assert item.evidence["found"]["duplicate_po"]["documents"] == ["SO-1001", entered.number]
    ErpOrder.objects.filter(pk=entered.pk).update(is_gone=True)
    assert found(pair) == []
    assert ReviewItem.objects.get().state == "solved"


def test_totals_that_drift_after_they_were_equal(pair):
    sent(pair)
    ErpOrder.objects.update(total_including_tax=Decimal("118"))

    assert found(pair) == ["net_drift"]
    ErpOrder.objects.update(observed_at=datetime.now(UTC))
    assert found(pair) == [], "the comparison that follows every change has its time"


@pytest.mark.parametrize(
    ("tolerance", "there", "codes"),
    [(Decimal(0), "12.51", ["freight_drift"]), (Decimal("0.01"), "12.51", []), (None, "99", [])],
)
def test_freight_that_differs_by_more_than_the_store_accepts(pair, tolerance, there, codes):
    sent(pair, lines=[FREIGHT], shipping=[{"external_id": "s-1"}])
    OrderWatch.objects.create(store=pair[0], freight_tolerance=tolerance)
    change_document(unit_price=there)

    assert found(pair) == codes


def test_goods_on_the_freights_number_tell_nothing_of_the_freight(pair):
    goods = {**FREIGHT, "source_external_id": "l-1"}
    sent(pair, lines=[FREIGHT, goods], shipping=[{"external_id": "s-1"}])
    change_document(unit_price="1")

    assert found(pair) == []


def test_an_instruction_that_is_not_in_the_document_any_more(pair):
    sent(pair, lines=[COMMENT])
    change_document(description="Note: Call")

    assert found(pair) == ["lost_instruction"]
    assert ReviewItem.objects.get().evidence["found"]["lost_instruction"]["missing"] == [
        COMMENT["description"]
    ]


def test_an_offline_order_is_missing_after_its_time_and_not_before(pair):
    order = offline(pair)
    assert found(pair) == ["missing_offline_order"]

    ErpOrder.objects.filter(pk=order.pk).update(document_updated_at=datetime.now(UTC))

    assert found(pair) == []


@pytest.mark.parametrize(
    "column",
    [{"stage": "draft"}, {"stage": "cancelled"}, {"is_gone": True}, {"identity_order_id": "5001"}],
    ids=str,
)
def test_orders_that_the_policy_leaves_out_are_not_missed(pair, column):
    order = offline(pair)
    ErpOrder.objects.filter(pk=order.pk).update(**column)

    assert found(pair) == []


def test_an_order_that_somebody_was_asked_about_or_is_under_way_is_not_missed(pair):
    store, _ = pair
    about = {"connection": store, "flow": "push_order_to_store"}
    asked, going = offline(pair), offline(pair, po_number="PO-2")
    ReviewItem.objects.create(
        **about, record_id=asked.pk, subject=f"erp_order:{asked.pk}", code="location_missing", state="decided"
    )
    SyncTask.objects.create(**about, record_id=going.pk, subject=f"erp_order:{going.pk}")

    assert found(pair) == []


def test_an_offline_line_without_item_number_is_found_on_both_sides(pair):
    order = offline(pair, line(number=""), line(number="", kind=LineKind.COMMENT))
    OrderWatch.objects.create(store=pair[0], offline_minutes=None)
    [copy] = sent(pair)
    copy_lines = [{**one, "sku": ""} for one in StoreOrder.objects.get(pk=copy.pk).document["lines"]]
    StoreOrder.objects.update(document={**copy.document, "lines": copy_lines})
    OrderLink.objects.update(origin="erp")
    ErpOrder.objects.filter(pk=order.pk).update(document=order.document)

    assert found(pair) == ["blank_sku", "blank_sku"]


def test_a_change_that_nobody_carried_over_is_stale(pair):
    [order] = sent(pair)
    StoreOrder.objects.update(content_hash="changed")
    assert found(pair) == ["stale_update"]
    ReviewItem.objects.create(
        connection=pair[1],
        flow="push_order_to_erp",
        record_id=order.pk,
        subject=f"order:{order.pk}",
        code="changed_after_sending",
        evidence={"content_hash": "changed"},
    )

    assert found(pair) == [], "somebody is asked"


def test_an_update_that_waits_too_long_for_the_store_is_stale(pair):
    [order] = sent(pair)
    task = SyncTask.objects.create(
        connection=pair[0],
        flow="push_shipment_to_store",
        record_id=order.pk,
        subject=f"order:{order.pk}",
        created_at=HOURS_AGO,
    )
    unread = mirror(pair[1], document(po_number=""))
    ErpOrder.objects.filter(pk=unread.pk).update(needs_read=True, read_asked_at=HOURS_AGO)

    assert found(pair) == ["stale_update", "stale_update"]
    task.delete()
    ErpOrder.objects.update(needs_read=False)
    assert found(pair) == []


def test_questions_about_tax_that_wait_too_long_are_one_question(pair):
    orders = sent(pair, 3)
    OrderLink.objects.update(erp_total=Decimal("118"), erp_tax=Decimal("18"))
    ErpOrder.objects.update(total_including_tax=Decimal("118"), total_tax=Decimal("18"))
    for order, code in zip(orders, ("totals_differ", "exempt_code", "record_rejected"), strict=True):
        ReviewItem.objects.create(
            connection=pair[1],
            flow="push_order_to_erp",
            record_id=order.pk,
            subject=f"order:{order.pk}",
            code=code,
        )
    assert found(pair) == []

    ReviewItem.objects.update(created_at=datetime.now(UTC) - timedelta(days=4))

    assert found(pair) == ["tax_backlog"]
    item = ReviewItem.objects.get(code="tax_backlog")
    assert (item.record_id, item.evidence["found"]["tax_backlog"]["orders"]) == (0, ["#1001", "#1002"])


def test_a_look_takes_as_many_statements_for_many_orders_as_for_few(pair):
    counts = []
    for first, count in ((1, 2), (3, 40)):
        sent(pair, count, first=first)
        StoreOrder.objects.update(content_hash="c")
        with CaptureQueriesContext(database) as captured:
            assert found(pair) == []
        counts.append(len(captured.captured_queries))

    assert counts[0] == counts[1]


def test_a_policy_that_is_switched_on_has_read_what_was_never_read_whole(pair):
    store, erp = pair
    order = mirror(erp, document())
    ErpOrder.objects.filter(pk=order.pk).update(document=None)

    OfflineOrderPolicy.objects.create(store=store, erp=erp, is_on=True)

    assert ErpOrder.objects.get(pk=order.pk).needs_read
    assert SyncTask.objects.filter(flow="read_erp_orders", connection=erp).exists()
