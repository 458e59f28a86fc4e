"""ERP orders read whole: what the mirror keeps of them, and that no read is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from hub.connectors.documents import OrderIdentity
from hub.connectors.identity import identity_token
from hub.connectors.registry import CONNECTORS, connector_class
from hub.connectors.sales_documents import OrderStage
from hub.demo import goods
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, SyncTask, TaskHistory
from orders.erp_documents import ask, document_of
from orders.models import ErpOrder, OfflineOrderPolicy, OrderLink
from tests.fakes.telling import DESK, SETTLED, TellingErp, document

OUR_REFERENCE = identity_token(OrderIdentity("EU", "6000000000123"))
LATER = SETTLED + timedelta(hours=1)


@pytest.fixture
def telling(hub):
    """The hub's ERP is one that tells its orders whole, and holds one of them."""
    CONNECTORS["telling"] = ("erp", "Telling", "tests.fakes.telling.TellingErp")
    TellingErp.forget()
    erp = Connection.objects.get(pk=hub.erp.pk)
    erp.system, erp.config, erp.secrets = "telling", {}, {}
    erp.save()
    TellingErp.hold(document())
    hub.pull_erp()
    yield TellingErp
    del CONNECTORS["telling"]
    connector_class.cache_clear()


def read(hub, *numbers):
    """Ask for these orders, or for all, and let the hub work."""
    rows = ErpOrder.objects.filter(number__in=numbers) if numbers else ErpOrder.objects.all()
    ask(hub.erp.pk, list(rows.values_list("pk", flat=True)))
    hub.work()


def test_keeps_the_whole_document_and_what_lists_need_of_it(hub, telling):
    read(hub)

    row = ErpOrder.objects.get()
    assert document_of(row) == document()
    assert (row.stage, row.is_held, row.po_number, row.po_key) == ("released", False, "PO 4711", "po4711")
    assert (row.needs_read, row.document_updated_at, row.is_gone) == (False, SETTLED, False)
    assert hub.messages("read_erp_orders")[-1] == "read 1, 1 with news, 0 gone"


def test_a_second_read_of_the_same_says_nothing_new(hub, telling):
    read(hub)
    before = ErpOrder.objects.get()
    telling.hold(document(revision='W/"2"', updated_at=LATER))

    read(hub)

    after = ErpOrder.objects.get()
    assert after.document_hash == before.document_hash
    assert document_of(after).revision == 'W/"2"'
    assert hub.messages("read_erp_orders")[-1] == "read 1, 0 with news, 0 gone"


def test_many_are_read_in_a_call_and_each_once(hub, telling):
    telling.hold(*(document(str(number)) for number in range(1, 6)))
    hub.pull_erp()

    read(hub)

    assert telling.reads == [("1", "2"), ("3", "4"), ("5",)]
    assert ErpOrder.objects.filter(needs_read=False, stage="released").count() == 5


def test_nothing_is_read_whole_where_nobody_wants_it(hub, telling):
    telling.hold(document(updated_at=LATER))

    hub.pull_erp()

    assert telling.reads == []


def test_what_was_read_once_is_kept_as_new_as_its_row_whoever_wanted_it(hub, telling):
    read(hub)
    telling.hold(document(updated_at=LATER, po_number="NEW"))

    hub.pull_erp()

    assert telling.reads == [("1",), ("1",)]
    assert ErpOrder.objects.get().po_number == "NEW"


def test_a_policy_that_shows_the_ERPs_orders_has_those_read_that_nobody_wanted_before(hub, telling):
    OfflineOrderPolicy.objects.create(store=hub.euro, erp=hub.erp, is_on=True, orders_from=SETTLED.date())

    hub.work()

    assert telling.reads == [("1",)]


def test_what_changes_is_read_again_where_a_store_has_copies_of_the_ERPs_orders(hub, telling):
    hub.place(po_number="PO-1")
    hub.pull(until=OrderLink.objects.exists)
    OrderLink.objects.update(origin=OrderLink.Origin.ERP)
    # The ERP gave number 1 to the order that it was sent.
    telling.hold(document("9"))
    hub.pull_erp()
    more = replace(DESK, quantity=Decimal(4))
    telling.hold(document("9", updated_at=LATER, lines=(more,)))

    hub.pull_erp()
    hub.pull_erp()

    row = ErpOrder.objects.get(number="SO9")
    assert [line.quantity for line in document_of(row).lines] == [Decimal(4)]
    assert sum("9" in read for read in telling.reads) == 2


def test_a_store_that_shows_the_ERPs_orders_is_told_of_news_once(hub, telling):
    OfflineOrderPolicy.objects.create(store=hub.euro, erp=hub.erp, is_on=True, orders_from=SETTLED.date())
    telling.hold(document("9"), document("8", reference=OUR_REFERENCE))
    hub.pull_erp()
    hub.work()
    hub.pull_erp()

    shown = ErpOrder.objects.get(number="SO9")
    told = TaskHistory.objects.filter(flow="push_order_to_store", record_id=shown.pk)
    waiting = SyncTask.objects.filter(flow="push_order_to_store", record_id=shown.pk)
    assert told.count() + waiting.count() == 1
    ours = ErpOrder.objects.get(number="SO8").pk
    assert not TaskHistory.objects.filter(flow="push_order_to_store", record_id=ours).exists()


def test_an_order_that_changes_while_it_is_read_is_read_again(hub, telling):
    newer = document(updated_at=LATER, po_number="PO 4712")

    def change():
        telling.reading = None
        telling.hold(newer)
        # As the pass over the changes does, beside the read.
        ErpOrder.objects.update(remote_updated_at=LATER)

    telling.reading = change
    read(hub)

    row = ErpOrder.objects.get()
    assert (row.needs_read, row.document, row.remote_updated_at) == (True, None, LATER)
    hub.hurry()
    hub.work()
    row = ErpOrder.objects.get()
    assert (row.needs_read, row.po_number, row.document_updated_at) == (False, "PO 4712", LATER)


def test_whoever_asks_while_it_is_read_is_answered_by_another_read(hub, telling):
    def change():
        telling.reading = None
        telling.hold(document(is_held=True))
        ask(hub.erp.pk, [ErpOrder.objects.get().pk])

    telling.reading = change
    read(hub)
    hub.hurry()
    hub.work()

    assert ErpOrder.objects.get().is_held
    assert len(telling.reads) == 2


def test_what_was_read_in_the_second_of_its_stamp_is_read_again(hub, telling):
    telling.hold(document(updated_at=datetime.now(UTC)))
    hub.pull_erp()

    read(hub)

    row = ErpOrder.objects.get()
    assert (row.stage, row.needs_read) == ("released", True)


def test_an_older_answer_is_not_kept_over_a_newer_one(hub, telling):
    telling.hold(document(updated_at=LATER, po_number="NEW"))
    hub.pull_erp()
    read(hub)
    telling.hold(document(po_number="OLD"))

    read(hub)

    row = ErpOrder.objects.get()
    assert (row.po_number, row.needs_read) == ("NEW", True)


def test_an_order_that_is_gone_keeps_what_was_known_and_comes_back(hub, telling):
    read(hub)
    telling.held = {}

    read(hub)

    row = ErpOrder.objects.get()
    assert (row.is_gone, row.needs_read, row.stage) == (True, False, "released")
    assert document_of(row) == document()
    assert hub.messages("read_erp_orders")[-1] == "read 0, 0 with news, 1 gone"
    telling.hold(document())
    read(hub)
    assert not ErpOrder.objects.get().is_gone


def test_unfinished_orders_are_looked_at_again_after_an_hour_finished_ones_are_not(hub, telling):
    telling.hold(document("2", stage=OrderStage.CLOSED), document("3"))
    hub.pull_erp()
    read(hub)
    an_hour_ago = datetime.now(UTC) - timedelta(minutes=61)
    ErpOrder.objects.filter(number__in=["SO1", "SO2"]).update(document_read_at=an_hour_ago)
    telling.reads.clear()

    enqueue("read_erp_orders", hub.erp.pk)
    hub.work()

    assert telling.reads == [("1",)]


def test_an_order_by_phone_is_read_whole_and_followed_until_it_is_posted(hub):
    """Against the simulated Business Central: an order keeps its row when its posted invoices take its place."""
    made = hub.clerk(
        "create_order",
        order={
            "customerNumber": "20000",
            "externalDocumentNumber": "BY PHONE",
            "salesOrderLines": [
                {"lineType": "Item", "lineObjectNumber": goods.item_number(1), "quantity": 2}
            ],
        },
    )
    hub.pull_erp()
    read(hub, made["number"])
    row = ErpOrder.objects.get(number=made["number"])
    assert (row.po_number, row.stage, row.is_posted_invoice) == ("BY PHONE", "open", False)
    assert [line.quantity for line in document_of(row).lines] == [Decimal(2)]

    hub.clerk("post_order", number=made["number"])
    read(hub, made["number"])

    row = ErpOrder.objects.get(number=made["number"])
    assert (row.stage, row.is_posted_invoice, row.external_id) == ("closed", False, made["id"])
    assert document_of(row).is_posted_invoice
    assert [line.invoiced_quantity for line in document_of(row).lines] == [Decimal(2)]
