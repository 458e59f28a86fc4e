"""Records by code while other threads read and forget the same ones: what is there is never taken for missing."""

from __future__ import annotations

import pytest

from hub.connectors.erps.tryton.records import Records
from hub.errors import CodeUnknown, RecordRejected
from tests.connectors.tryton.far_side import document


class Table:
    """Answers for every code it is asked for; `meanwhile` is what happens before an answer arrives."""

    def __init__(self):
        self.asked = []
        self.meanwhile = None

    def records(self, model, domain, fields, *, operation):
        codes = domain[0][2]
        self.asked.append(codes)
        if self.meanwhile:
            self.meanwhile()
        return [{"id": place, "code": code} for place, code in enumerate(codes) if code != "NONE"]


def test_what_another_order_makes_forgotten_during_a_read_is_still_known_to_this_one():
    table = Table()
    products = Records(table, "product.product", "code", ())
    products.by_code(["IT-1"])
    table.meanwhile = lambda: products.forget("IT-1")

    found = products.by_code(["IT-1", "IT-2", "NONE"])

    assert sorted(found) == ["IT-1", "IT-2"]
    assert table.asked == [["IT-1"], ["IT-2", "NONE"]]


def test_what_was_forgotten_is_read_again_and_what_is_missing_is_never_kept():
    table = Table()
    products = Records(table, "product.product", "code", ())
    products.by_code(["IT-1", "NONE"])
    products.forget("IT-1")

    assert list(products.by_code(["IT-1", "NONE"])) == ["IT-1"]
    assert table.asked == [["IT-1", "NONE"], ["IT-1", "NONE"]]


def test_what_is_forgotten_while_it_is_read_itself_is_answered():
    table = Table()
    products = Records(table, "product.product", "code", ())
    table.meanwhile = lambda: products.forget("IT-1")

    assert list(products.by_code(["IT-1"])) == ["IT-1"]


def test_a_shipping_method_without_carriers_in_tryton_names_the_module_and_is_not_called_unknown(far_side):
    far_side.answers("model.sale.sale.fields_get", {"web_id": {}})

    with pytest.raises(RecordRejected, match="module sale_shipment_cost") as caught:
        far_side.connector().create_sales_order(document(shipping_method_code="STANDARD"))

    assert not isinstance(caught.value, CodeUnknown)
    assert far_side.to("model.sale.sale.create") == []
