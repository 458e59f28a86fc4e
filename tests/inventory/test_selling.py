"""What each location of a store may sell: the arithmetic over mirrors, mappings, demand and rules."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from hub.sync.models import Connection
from inventory.explaining import NO_PLACE
from inventory.models import (
    ChannelRule,
    ErpItem,
    ErpStockLevel,
    ItemMapping,
    StockMapping,
    StockPolicy,
    StoreLocation,
    StoreVariant,
)
from inventory.rules import Term
from inventory.selling import may_sell
from tests.admin.rows import NOW
from tests.inventory.stocked import ITEM, MAIN, WEST, Stocked

HERE, THERE = "gid://shopify/Location/1", "gid://shopify/Location/2"
SKU = "TAB-001"


class Sold(Stocked):
    """A hub whose first store sells from the main warehouse, once its stock was read."""

    def __init__(self, hub):
        super().__init__(hub)
        StockPolicy.objects.create(store=hub.euro, erp=hub.erp)
        self.map(HERE)

    def map(self, location, warehouse=MAIN, store=None, **values):
        where = {"store": store or self.hub.euro, "erp": self.hub.erp, "warehouse": warehouse}
        StockMapping.objects.filter(**where, location_external_id="").delete()
        return StockMapping.objects.create(**where, location_external_id=location, **values)

    def may_sell(self, store=None, sku=SKU):
        return may_sell(StockPolicy.objects.get(store=store or self.hub.euro), [sku])

    def numbers(self, **where):
        return {
            one.location_external_id: one.sellable and one.sellable.number for one in self.may_sell(**where)
        }


@pytest.fixture
def sold(hub):
    made = Sold(hub)
    hub.link_companies()
    ItemMapping.objects.filter(sku=SKU).update(item_number=ITEM)
    made.adjust(12)
    made.scan()
    return made


def test_an_order_takes_its_pieces_at_once_and_only_once_on_its_way_into_the_erp(sold, hub):
    before = sold.numbers()
    Connection.objects.filter(pk=hub.erp.pk).update(paused_at=NOW)
    placed = hub.place(lines=[{"sku": SKU, "quantity": 5, "price": "10.00"}], po_number="PO-1")
    hub.pull()
    accepted = sold.numbers()

    Connection.objects.filter(pk=hub.erp.pk).update(paused_at=None)
    hub.hurry()
    hub.work()
    assert hub.link(placed)
    sent = sold.numbers()
    sold.scan()

    assert (before, accepted, sent, sold.numbers()) == ({HERE: 10}, {HERE: 5}, {HERE: 5}, {HERE: 5})
    [found] = sold.may_sell()
    # The ERP has it as promised, without a location yet.
    assert (found.demands, [one.term for one in found.sellable.terms]) == (
        (),
        [Term.ON_HAND, Term.UNCONTAINED],
    )


@pytest.mark.django_db
class TestWithRows:
    """Mirrors as readings leave them, without anybody who reads."""

    @pytest.fixture
    def rows(self, transactional_db):
        store = Connection.objects.create(system="shopify", name="Store", code="S1", side="store")
        erp = Connection.objects.create(system="netsuite", name="ERP", code="E1", side="erp")
        ItemMapping.objects.create(store=store, erp=erp, sku=SKU, item_number="1896")
        self.store, self.erp = store, erp
        self.item = ErpItem.objects.create(
            connection=erp, item_number="1896", commits_from="created", read_at=NOW
        )
        self.policy = StockPolicy.objects.create(store=store, erp=erp)
        return self

    def hold(self, warehouse, on_hand, **more):
        values = {"committed": 0, "safety_stock": 0, "on_order": 0, **more}
        ErpStockLevel.objects.create(item=self.item, warehouse=warehouse, on_hand=on_hand, **values)

    def map(self, warehouse, location, **values):
        StockMapping.objects.create(
            store=self.store, erp=self.erp, warehouse=warehouse, location_external_id=location, **values
        )

    def numbers(self, sku=SKU):
        return {one.location_external_id: one.sellable.number for one in may_sell(self.policy, [sku])}

    def test_warehouses_of_a_location_are_added_and_a_warehouse_is_split_by_shares(self, rows):
        rows.hold(MAIN, 100, committed=10, safety_stock=5)
        rows.hold(WEST, 7)
        rows.map(MAIN, HERE, share_percent=60)
        rows.map(MAIN, THERE, share_percent=40)
        rows.map(WEST, THERE)

        assert rows.numbers() == {HERE: 51, THERE: 41}

    def test_a_mapping_that_is_off_sells_nothing_and_a_store_without_any_sells_nothing(self, rows):
        rows.hold(MAIN, 100)
        rows.map(MAIN, HERE, is_on=False)
        rows.map(WEST, "")

        assert may_sell(rows.policy, [SKU]) == []

    def test_what_the_erp_promised_in_no_warehouse_may_leave_from_any_and_what_lies_in_none_covers_it(
        self, rows
    ):
        rows.hold(MAIN, 100)
        rows.hold("", 3, committed=8)
        rows.map(MAIN, HERE, share_percent=50)
        rows.map(MAIN, THERE, share_percent=50)

        assert rows.numbers() == {HERE: 47, THERE: 47}

    def test_an_item_without_stock_sells_none_and_one_that_was_never_read_is_unknown(self, rows):
        rows.map(MAIN, HERE)
        assert rows.numbers() == {HERE: 0}

        rows.item.delete()

        [found] = may_sell(rows.policy, [SKU])
        assert (found.sellable, found.unknown) == (
            None,
            "The stock of item 1896 was never read from the ERP.",
        )

    def test_a_rule_of_the_sku_goes_before_the_stores_own_and_without_any_all_is_sold(self, rows):
        rows.hold(MAIN, 100)
        rows.map(MAIN, HERE)
        found = [rows.numbers()]

        ChannelRule.objects.create(store=rows.store, buffer=10)
        found.append(rows.numbers())
        ChannelRule.objects.create(store=rows.store, sku=SKU, share_percent=50, cap=20)
        found.append(rows.numbers())

        assert found == [{HERE: 100}, {HERE: 90}, {HERE: 20}]

    def test_numbers_in_another_unit_are_not_added_but_said(self, rows):
        rows.hold(MAIN, 100, unit="PCS")
        rows.map(MAIN, HERE)
        ItemMapping.objects.update(unit="BOX", units_per_piece=Decimal("0.1"))

        [found] = may_sell(rows.policy, [SKU])

        assert found.sellable is None
        assert found.unknown == (
            "The ERP counts item 1896 in PCS, and Items (SKU) says BOX. Enter PCS there, and how much of it one piece "
            "is."
        )

    def test_a_sku_without_a_row_is_its_own_item_number_where_the_policy_says_so(self, rows):
        rows.hold(MAIN, 3)
        rows.map(MAIN, HERE)
        assert rows.numbers("1896") == {}

        rows.policy.unmapped = StockPolicy.Unmapped.SAME
        assert rows.numbers("1896") == {HERE: 3}

    def test_however_many_skus_are_asked_for_it_costs_seven_statements(
        self, rows, django_assert_max_num_queries
    ):
        rows.hold(MAIN, 3)
        rows.map(MAIN, HERE)
        rows.policy.unmapped = StockPolicy.Unmapped.SAME

        with django_assert_max_num_queries(7):
            assert len(may_sell(rows.policy, [SKU, *map(str, range(300))])) == 301

    def test_a_cap_below_the_least_number_is_refused(self, rows):
        with pytest.raises(ValidationError, match="Lower the least number, or raise the cap"):
            ChannelRule(store=rows.store, minimum=5, cap=3).full_clean()

    def test_a_store_is_a_store_and_an_erp_an_erp(self, rows):
        with pytest.raises(ValidationError) as caught:
            StockPolicy(store=rows.erp, erp=rows.erp).full_clean()

        assert caught.value.messages == [f"{rows.erp} is no store."]


def test_a_line_that_may_leave_from_anywhere_counts_where_a_location_loses_most_by_it(sold, hub):
    sold.map(HERE, warehouse=WEST, share_percent=50)
    sold.map(THERE, warehouse=WEST, share_percent=50)
    sold.adjust(20, location=WEST)
    sold.scan()
    before = sold.numbers()
    Connection.objects.filter(pk=hub.erp.pk).update(paused_at=NOW)
    hub.place(lines=[{"sku": SKU, "quantity": 4, "price": "10.00"}], po_number="PO-1")
    hub.pull()

    # The main warehouse gives all it has to the first location, the west one a half to each.
    assert (before, sold.numbers()) == ({HERE: 20, THERE: 9}, {HERE: 16, THERE: 7})


def test_a_sale_in_one_store_lessens_what_the_others_may_sell(sold, hub):
    other = hub.dollar
    StockPolicy.objects.create(store=other, erp=hub.erp)
    sold.map(THERE, store=other)
    own = {"store": other, "erp": hub.erp, "sku": "OTHER-SKU"}
    ItemMapping.objects.create(**own, item_number=ITEM)
    before = sold.numbers(store=other, sku="OTHER-SKU")
    hub.place(lines=[{"sku": SKU, "quantity": 5, "price": "10.00"}], po_number="PO-1")
    hub.pull()

    assert (before, sold.numbers(store=other, sku="OTHER-SKU")) == ({THERE: 10}, {THERE: 5})


def test_the_variants_page_says_what_may_be_sold_and_why(sold, hub):
    Connection.objects.filter(pk=hub.erp.pk).update(paused_at=NOW)
    hub.place(lines=[{"sku": SKU, "quantity": 4, "price": "10.00"}], po_number="PO-1")
    hub.pull()
    key = {"connection": hub.euro, "sku": SKU}
    variant, _ = StoreVariant.objects.get_or_create(
        **key, defaults={"external_id": "gid://shopify/ProductVariant/1"}
    )
    StoreLocation.objects.get_or_create(
        connection=hub.euro, external_id=HERE, defaults={"name": "Shop location", "is_active": True}
    )
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("kim"))

    page = client.get(reverse("admin:inventory_storevariant_change", args=[variant.pk])).content.decode()

    for words in (
        "<strong>Shop location</strong>: 6 pieces of item IT-0001",
        "+12",
        "-6",
        "on its way into the ERP",
    ):
        assert words in page
    assert "#1002" in page
    StockMapping.objects.all().delete()
    assert (
        NO_PLACE
        in client.get(reverse("admin:inventory_storevariant_change", args=[variant.pk])).content.decode()
    )
