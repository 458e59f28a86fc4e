"""Taxes of an account with SuiteTax: computed by its engine, or taken over from the tax details of the body.

The published subset names the collection only; the columns are those of the record catalogue's sublist.
"""

from __future__ import annotations

from decimal import Decimal

from hub.sandbox.netsuite import errors
from hub.sandbox.netsuite.amounts import ZERO, Rules, Taxing
from hub.sandbox.netsuite.state import Record, State

SHIPPING = "SHIPPING"
"""The reference that names the shipping line among the tax details (ours: no source tells the real one)."""


def taxed(state: State, order: Record, lines: list[Record], rules: Rules) -> tuple[list[Record], Record]:
    """Lines and header with their taxes. Raises Refusal where tax details do not fit the lines."""
    if order.get("taxDetailsOverride"):
        return _overridden(order, lines, rules)
    if order.get("taxDetails"):
        raise errors.user_error("Tax details can only be set when taxDetailsOverride is true.", "taxDetails")
    taxing = Taxing(rules, {})
    done, details = [], []
    for line in lines:
        code = state["item"].by_id[line["item"]].get("taxCode")
        percent = Decimal(state["taxItem"].by_id[code]["rate"]) if code else ZERO
        tax = taxing.tax(line["amount"], percent)
        reference = line.get("taxDetailsReference") or str(line["line"])
        done.append(_with_tax({**line, "taxDetailsReference": reference}, percent, tax))
        details.append(_detail(reference, code, line["amount"], percent, tax))
    return done, {"_taxDetails": details, "shippingTaxAmount": ZERO, "handlingTaxAmount": ZERO}


def _overridden(order: Record, lines: list[Record], rules: Rules) -> tuple[list[Record], Record]:
    details = [_checked(entry, place) for place, entry in enumerate(order.get("taxDetails") or [])]
    references = {line.get("taxDetailsReference") for line in lines} | {SHIPPING}
    for place, entry in enumerate(details):
        if entry["taxDetailsReference"] not in references:
            path = f"taxDetails.items[{place}].taxDetailsReference"
            raise errors.invalid_value(entry["taxDetailsReference"], "taxdetailsreference", path)
    done = []
    for line in lines:
        mine = [entry for entry in details if entry["taxDetailsReference"] == line.get("taxDetailsReference")]
        if not mine:
            raise errors.user_error(f"Line {line['line']} has no tax details.", "taxDetails")
        percent = sum((entry["taxRate"] for entry in mine), ZERO)
        done.append(
            _with_tax(line, percent, rules.rounded(sum((entry["taxAmount"] for entry in mine), ZERO)))
        )
    shipping = sum(
        (entry["taxAmount"] for entry in details if entry["taxDetailsReference"] == SHIPPING), ZERO
    )
    return done, {
        "_taxDetails": details,
        "shippingTaxAmount": rules.rounded(shipping),
        "handlingTaxAmount": ZERO,
    }


def _checked(entry: Record, place: int) -> Record:
    path = f"taxDetails.items[{place}]"
    needed = {"taxDetailsReference": "Reference", "taxType": "Tax Type", "taxCode": "Tax Code"}
    needed |= {"taxBasis": "Tax Basis", "taxRate": "Tax Rate", "taxAmount": "Tax Amount"}
    empty = [label for name, label in needed.items() if entry.get(name) is None]
    if empty:
        raise errors.missing(", ".join(empty), path)
    return entry


def _with_tax(line: Record, percent: Decimal, tax: Decimal) -> Record:
    return {**line, "taxRate1": percent, "tax1Amt": tax, "taxAmount": tax, "grossAmt": line["amount"] + tax}


def _detail(reference: str, code: str | None, basis: Decimal, percent: Decimal, tax: Decimal) -> Record:
    return {
        "taxDetailsReference": reference,
        "taxCode": code,
        "taxBasis": basis,
        "taxRate": percent,
        "taxAmount": tax,
    }
