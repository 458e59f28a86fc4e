"""Taxes of a simulated account with SuiteTax."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def suitetax(ids, ns_with):
    return ns_with(tax="suitetax")


def detail(ids, reference, amount, **more):
    code = {"taxType": {"id": "1"}, "taxCode": {"id": ids["VAT19"]}}
    return {
        "taxDetailsReference": reference,
        "taxBasis": 100,
        "taxRate": 19,
        "taxAmount": amount,
        **code,
        **more,
    }


def test_the_engine_determines_taxes_by_item(suitetax, order):
    suitetax.put("A1", order)

    kept = suitetax.order("A1")
    assert (kept["subtotal"], kept["taxTotal"], kept["total"]) == (399.27, 73.52, 472.79)
    assert [entry["taxAmount"] for entry in kept["taxDetails"]["items"]] == [72.16, 1.36]


def test_tax_details_of_the_body_are_taken_over_when_they_override(suitetax, order, ids):
    for reference, line in zip("ab", order["item"]["items"], strict=True):
        line["taxDetailsReference"] = reference
    details = {"items": [detail(ids, "a", 72.17), detail(ids, "b", 1.36)]}

    suitetax.put("A1", order | {"taxDetailsOverride": True, "taxDetails": details})

    assert suitetax.order("A1")["taxTotal"] == 73.53


@pytest.mark.parametrize(
    ("override", "references", "path"),
    [
        (False, "ab", "taxDetails"),
        (True, "a", "taxDetails"),
        (True, "abx", "taxDetails.items[2].taxDetailsReference"),
    ],
)
def test_tax_details_must_fit_the_lines(suitetax, order, ids, override, references, path):
    for reference, line in zip("ab", order["item"]["items"], strict=True):
        line["taxDetailsReference"] = reference
    details = {"items": [detail(ids, reference, 1) for reference in references]}

    refusal = suitetax.refused(order | {"taxDetailsOverride": override, "taxDetails": details})

    assert refusal[2] == path


def test_a_line_takes_no_tax_code(suitetax, order, ids):
    order["item"]["items"][0]["taxCode"] = {"id": ids["VAT19"]}

    assert suitetax.refused(order)[2] == "item.items[0].taxCode"
