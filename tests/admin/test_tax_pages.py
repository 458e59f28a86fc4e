"""Tax policies and what they accepted, as people see them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.urls import reverse

from hub.sync.models import SyncTask
from orders.models import OrderLink, TaxPolicy
from tests.admin.rows import NOW, ask, link, make_orders, make_pair

pytestmark = pytest.mark.django_db


def saved(client, store, erp, **values):
    data = {
        "store": store.pk,
        "erp": erp.pk,
        "mode": "erp",
        "tolerance": "0",
        "tolerance_currency": "",
        "exempt_code": "",
        "channel_tax": "hold",
        **values,
    }
    return client.post(reverse("admin:orders_taxpolicy_add"), data)


def varied(count=2):
    """Linked orders, the first with an accepted variance of a cent."""
    store, erp = make_pair()
    orders = make_orders(store, count)
    link(orders, erp)
    OrderLink.objects.filter(order=orders[0]).update(
        erp_tax=Decimal("18.99"),
        erp_total=Decimal("118.99"),
        tax_variance=Decimal("-0.01"),
        tax_variance_at=NOW,
        tax_variance_policy="the ERP calculates, tolerance 0.01 EUR",
    )
    return orders


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"tolerance": "0.05"}, "A tolerance needs its currency"),
        ({"tolerance": "0.5", "tolerance_currency": "JPY"}, "More decimals than the currency has"),
        ({"tolerance": "-0.01", "tolerance_currency": "EUR"}, "greater than or equal to 0"),
    ],
)
def test_a_tolerance_is_an_amount_of_a_currency(pages, values, fault):
    answer = saved(pages, *make_pair(), **values)

    assert fault in answer.content.decode()
    assert TaxPolicy.objects.count() == 0


def test_a_policy_that_is_saved_lets_go_what_was_held_for_tax(pages):
    store, erp = make_pair()
    [order] = make_orders(store, 1)
    ask(order, erp, code="channel_tax")

    saved(pages, store, erp, tolerance="0.05", tolerance_currency="eur", channel_tax="clearing")

    policy = TaxPolicy.objects.get()
    assert policy.words == "the ERP calculates, tolerance 0.05 EUR"
    assert SyncTask.objects.filter(flow="push_order_to_erp", record_id=order.pk).exists()


def test_a_variance_is_told_on_the_orders_page_and_found_in_the_list_of_links(pages):
    orders = varied()

    page = pages.get(reverse("admin:orders_storeorder_change", args=[orders[0].pk])).content.decode()
    listed = pages.get(reverse("admin:orders_orderlink_changelist"), {"variance": "yes"})

    assert "the ERP calculates, tolerance 0.01 EUR" in page
    assert [found.order_id for found in listed.context["cl"].result_list] == [orders[0].pk]
    assert "of tax" in listed.content.decode()
