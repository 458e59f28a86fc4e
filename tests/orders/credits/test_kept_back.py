"""What a person is asked about one refund keeps back those of the order that may have to do with it, and no others."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hub.connectors.store_returns import Restock
from hub.sync.models import ReviewItem
from orders.credits.mirroring import mirror_credits
from orders.mirroring import document_of
from orders.models import CreditLineMapping, CreditLink
from tests.orders.credits.refunds import refund, refunded
from tests.orders.credits.rows import mirror, one_back, push
from tests.orders.flows.test_push_refund_to_erp import POSTED, Document, erp, placed
from tests.world import VAT, release, save_mapping

__all__ = ["erp", "placed"]


def test_a_question_about_one_refund_keeps_back_those_that_may_have_to_do_with_it_and_names_them(
    hub, erp, placed
):
    two = [{"sku": "TAB-001", "quantity": 2, "price": "10.00"}, {"sku": "LAM-002", "price": "5.00"}]
    order = hub.place(lines=two, taxes=VAT)
    hub.pull()
    erp.invoiced.add("2")
    CreditLineMapping.objects.filter(kind="cancelled").delete()
    mirror(hub, order, one_back(hub, order, restock=Restock.CANCEL))
    same = mirror(hub, order, one_back(hub, order, number=2))
    lamp = document_of(hub.order(order)).lines[1]
    apart = mirror(hub, order, refund(refunded(lamp, 1, "5.00", "0.95"), number=3))
    # More than its goods: what it is for is nobody's guess.
    generous = mirror(hub, order, refund(refunded(lamp, 1, "5.00", "0.95"), number=4, moved="6.00"))

    push(hub, order)

    assert list(CreditLink.objects.values_list("refund", flat=True)) == [apart.pk]
    item = ReviewItem.objects.get(state="open")
    waiting = [f"{same} (11.90 EUR)", f"{generous} (6.00 EUR)"]
    assert (item.code, item.evidence["asked_next"]) == ("mapping_missing", waiting)
    assert f"Until this is answered, {', '.join(waiting)} of the same order wait." in item.message

    row = CreditLineMapping.objects.get(kind="cancelled")
    row.number = "4711"
    save_mapping(row)
    hub.work()

    assert (CreditLink.objects.count(), len(erp.made), hub.reviews()) == (4, 4, [])


def test_what_the_erp_may_have_credited_already_keeps_back_every_later_refund(hub, erp, placed):
    mirror_credits(hub.erp, [Document(*POSTED)])
    mirror(hub, placed, one_back(hub, placed))
    other = mirror(hub, placed, one_back(hub, placed, number=2, worth="3.00", tax="0.57"))

    push(hub, placed)

    item = ReviewItem.objects.get(state="open")
    assert (erp.made, item.code, item.evidence["asked_next"]) == (
        [],
        "credit_exists",
        [f"{other} (3.57 EUR)"],
    )


@pytest.mark.parametrize("stops", ["totals", "posting"])
def test_a_draft_that_a_person_has_to_look_at_keeps_back_no_refund_of_other_goods(hub, erp, placed, stops):
    two = [{"sku": "TAB-001", "quantity": 2, "price": "10.00"}, {"sku": "LAM-002", "price": "5.00"}]
    order = hub.place(lines=two, taxes=VAT)
    hub.pull()
    erp.invoiced.add("2")
    first = mirror(hub, order, one_back(hub, order))
    erp.off_by = Decimal("0.01") if stops == "totals" else Decimal(0)
    erp.refuses = "" if stops == "totals" else "The posting date is not within your range."
    push(hub, order)
    erp.off_by, draft = Decimal(0), erp.credits["C1"]
    same = mirror(hub, order, one_back(hub, order, number=2))
    lamp = document_of(hub.order(order)).lines[1]
    apart = mirror(hub, order, refund(refunded(lamp, 1, "5.00", "0.95"), number=3))

    push(hub, order)

    assert set(CreditLink.objects.values_list("refund", flat=True)) == {first.pk, apart.pk}
    item = ReviewItem.objects.get(state="open")
    asked = "totals_differ" if stops == "totals" else "record_rejected"
    assert (item.code, erp.credits["C1"], str(same) in item.message) == (asked, draft, True)


def test_a_credit_by_hand_for_tax_that_the_channel_owes_is_asked_about_once_for_each_refund(hub, erp, placed):
    order = hub.order(placed)
    for tax in order.document["lines"][0]["tax_lines"]:
        tax["is_channel_liable"] = True
    order.save()
    mirror(hub, placed, one_back(hub, placed))
    push(hub, placed)
    assert hub.reviews() == [("push_refund_to_erp", "channel_tax")]

    release("channel_tax", "dismiss")
    hub.work()
    assert (push(hub, placed), hub.reviews()) == ([("done", "credited in the ERP by hand")], [])

    mirror(hub, placed, one_back(hub, placed, number=2))
    push(hub, placed)
    assert (hub.reviews(), erp.made) == ([("push_refund_to_erp", "channel_tax")], [])
