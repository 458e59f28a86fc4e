"""Why the lines of a document are what they are. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from hub.connectors.documents import LineKind, PlacedLine, PlacedShippingLine, SalesOrderLine, TaxLine
from hub.lib.money import MoneyBag
from orders.models import OrderPolicy, OtherLineMapping
from orders.tax_codes import own_taxes, tax_key
from orders.units import in_units
from orders.why.header import NOTHING, POLICY, Case
from orders.why.reasons import AS_STORE, Reason, chosen

Kind = OtherLineMapping.Kind
# What lines are called that have none of the store's behind them (orders.other_lines).
_EXTRAS = {
    "Duties": Kind.DUTY,
    "Taxes on duties": Kind.IMPORT_TAX,
    "Tax that the sales channel owes": Kind.CHANNEL_TAX,
}
LEFT = "left to the ERP: it calculates the tax"


def lines(case: Case) -> Iterator[Reason]:
    """Of every line but comments: its number, its amount and its tax code."""
    sold = {line.external_id: line for line in case.order.lines}
    charges = {charge.external_id: charge for charge in case.order.shipping_lines}
    numbered = [line for line in case.document.lines if line.kind is not LineKind.COMMENT]
    for place, line in enumerate(numbered, start=1):
        what, key = f"Line {place}", line.source_external_id
        if key in charges:
            yield from _charge(case, what, line, charges[key])
        elif key in sold and sold[key].sku:
            yield from _item(case, what, line, sold[key])
        else:
            yield from _other(case, what, line, sold.get(key))


# ----------------------------------------------------------------------------------------------------- goods


def _item(case: Case, what: str, line: SalesOrderLine, sold: PlacedLine) -> Iterator[Reason]:
    row = case.rows.items.get(sold.sku)
    candidates = []
    if row:
        candidates.append(Reason("", row.number, "SKU", sold.sku, "row of Items (SKU)", ("item", sold.sku)))
    if case.side.policy.sku_rule == OrderPolicy.SkuRule.SAME:
        by = "order policy: the SKU is the item number"
        candidates.append(Reason("", sold.sku, "SKU", sold.sku, by, POLICY, "fallback: no row"))
    yield chosen(f"{what}: {line.kind.value}", line.number, candidates)
    yield chosen(f"{what}: amount", _amount(line), [_goods(case, line, sold)])
    if line.warehouse or (row and row.warehouse):
        yield _warehouse(what, line, sold.sku, row.warehouse if row else "")
    yield _tax(case, what, line, sold.tax_lines)


def _warehouse(what: str, line: SalesOrderLine, sku: str, mapped: str) -> Reason:
    """A line keeps what was said when it was sent, whatever its row says since."""
    earlier = "row of Items (SKU), as it was when the line was sent"
    left = "none was named when the line was sent: the ERP decides"
    candidates = [
        Reason("", value, "SKU", sku, by, ("item", sku))
        for value, by in ((mapped, "row of Items (SKU)"), ("", left), (line.warehouse, earlier))
    ]
    return chosen(f"{what}: warehouse", line.warehouse, candidates)


def _goods(case: Case, line: SalesOrderLine, sold: PlacedLine) -> Reason:
    row, side = case.rows.items.get(sold.sku), case.side
    per_piece = row.units_per_piece if row else Decimal(1)
    price, discount = side.money(sold.unit_price), side.money(sold.discount).amount
    stated = in_units(sold.current_quantity, price, discount, per_piece)
    value = _said(stated.quantity, row.unit if row else "", stated.unit_price, stated.discount)
    notes = []
    if sold.quantity != sold.current_quantity:
        notes.append(f"{sold.quantity} were ordered")
    if per_piece != 1:
        notes.append(f"1 piece is {per_piece.normalize():f} {row.unit if row else ''}".strip())
    said = _said(sold.current_quantity, "", price.amount, discount)
    by = "row of Items (SKU)" if per_piece != 1 else AS_STORE
    link = ("item", sold.sku) if per_piece != 1 else ()
    return Reason("", value, "quantity, price and discount", said, by, link, ", ".join(notes))


# ------------------------------------------------------------------------------------------- shipping, others


def _charge(case: Case, what: str, line: SalesOrderLine, charge: PlacedShippingLine) -> Iterator[Reason]:
    policy, title, code = case.side.policy, charge.title[:200], charge.code[:200]
    value = f"{line.kind.value} {line.number}"
    candidates = []
    for key in ((title, code), (title, "")):
        row = case.rows.shipping.get(key)
        if row:
            posted = f"{row.charge_kind} {row.charge_number}"
            by = "row of Shipping methods"
            candidates.append(Reason("", posted, "shipping method", title, by, ("shipping", *key)))
    default = f"{policy.default_charge_kind} {policy.default_charge_number}"
    by = "order policy: default of shipping charges"
    candidates.append(
        Reason("", default, "shipping method", title, by, POLICY, "fallback: no row names a charge")
    )
    yield chosen(f"{what}: charge", value, candidates)
    yield from _money(case, what, line, 1, charge.price, charge.discount)
    yield _tax(case, what, line, charge.tax_lines)


def _other(case: Case, what: str, line: SalesOrderLine, sold: PlacedLine | None) -> Iterator[Reason]:
    value = f"{line.kind.value} {line.number}"
    if sold is None:
        kinds = [_EXTRAS[line.description]] if line.description in _EXTRAS else []
        keys = [(str(kind.value), "") for kind in kinds]
    else:
        keys = [(str(Kind.TIP.value), ""), (str(Kind.CUSTOM.value), sold.title[:200])]
    candidates = []
    for key in keys:
        if row := case.rows.others.get(key):
            said = sold.title if sold else line.description
            by = "row of Other lines"
            candidates.append(Reason("", f"{row[0]} {row[1]}", "line without SKU", said, by, ("other", *key)))
    yield chosen(f"{what}: posted to", value, candidates)
    if sold is not None:
        yield from _money(case, what, line, sold.current_quantity, sold.unit_price, sold.discount)
    yield _tax(case, what, line, sold.tax_lines if sold else (), is_untaxed=True)


def _money(
    case: Case, what: str, line: SalesOrderLine, pieces: int, price: MoneyBag, discount: MoneyBag
) -> Iterator[Reason]:
    money = case.side.money
    said = _said(pieces, "", money(price).amount, money(discount).amount)
    known = Reason("", said, "quantity, price and discount", said, AS_STORE)
    yield chosen(f"{what}: amount", _amount(line), [known])


# ------------------------------------------------------------------------------------------------------- tax


def _tax(
    case: Case, what: str, line: SalesOrderLine, tax_lines: tuple[TaxLine, ...], *, is_untaxed: bool = False
) -> Reason:
    """`is_untaxed` says that such a line carries no tax of ours by its nature."""
    owned, rule = own_taxes(tax_lines), case.rows.tax_rule
    key = tax_key(owned)
    said = f"{key[0] or 'no tax'} at {key[1] * 100:f} %" if owned else "no tax"
    row = ("tax", key[0], str(key[1]))
    candidates = [Reason("", case.rows.taxes.get(key, NOTHING), "tax", said, "row of Tax codes", row)]
    if not owned and (is_untaxed or case.order.is_tax_exempt):
        by = "tax policy: code for what is not taxed"
        candidates.insert(0, Reason("", rule.exempt_code or NOTHING, "tax", said, by, ("tax_policy",)))
    if rule.erp_calculates:
        candidates.append(Reason("", "", "tax", said, f"tax policy: {LEFT}", ("tax_policy",)))
    return chosen(f"{what}: tax code", line.tax_code, candidates)


def _amount(line: SalesOrderLine) -> str:
    return _said(line.quantity, line.unit, line.unit_price, line.discount_amount)


def _said(quantity: object, unit: str, price: object, discount: object) -> str:
    """Quantity, price and discount in one text; equal amounts are one text however many zeros they carry."""
    off = f" less {_plain(discount)}" if _plain(discount) != "0" else ""
    return f"{_plain(quantity)} {unit}".strip() + f" × {_plain(price)}{off}"


def _plain(number: object) -> str:
    text = f"{number:f}" if not isinstance(number, int) else str(number)
    return text.rstrip("0").rstrip(".") if "." in text else text
