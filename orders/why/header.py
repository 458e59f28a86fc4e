"""Why the fields of a document's head are what they are. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass

from hub.connectors.documents import PlacedOrder, SalesOrder
from hub.connectors.filled_fields import FilledField, OrderField
from hub.connectors.freight import method_of
from hub.connectors.metafields import Metafield
from orders.holds.overrides import PO_NUMBER, SHIPPING_METHOD, erp_fields
from orders.instalments import instalments_of, plan_of
from orders.mapping import Side
from orders.mapping_rows import MappingRows
from orders.order_fields import (
    FIELD,
    METAFIELD,
    ORDER_FIELDS,
    fields_taken,
    filled,
    key_of,
    metafield_text,
    source_label,
)
from orders.why.reasons import AS_STORE, ENTERED, Reason, chosen

NOTHING = "–"
POLICY = ("order_policy",)


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of the order beside what the store says of it."""

    location: str = ""
    """The company location's name; empty for an order without a company."""
    location_id: int = 0
    po_number: str = ""
    """As the store has it, whatever a person entered instead."""
    held_by: str = ""
    """The hold rule that lets it wait in the ERP."""
    cut: Sequence[str] = ()
    """What the connector says it had to cut, leave out or write otherwise."""


@dataclass(frozen=True, slots=True)
class Case:
    """One document with all that led to it."""

    document: SalesOrder
    order: PlacedOrder
    side: Side
    rows: MappingRows
    told: Told


def header(case: Case) -> Iterator[Reason]:
    """Every field of the head that says something, and those that were left to the ERP."""
    yield _customer(case)
    yield _po_number(case)
    yield _reference(case)
    yield from _plain(case)
    yield from _terms(case)
    yield from _method(case)
    yield from _delivery(case)
    yield from (_field(case, field) for field in case.document.fields)
    if case.document.is_held:
        yield Reason(
            "Held", "yes", by=f"hold rule “{case.told.held_by}”" if case.told.held_by else "hold rule"
        )


def _customer(case: Case) -> Reason:
    number, told = case.document.customer_number, case.told
    if told.location:
        link = ("customer", str(told.location_id))
        return Reason(
            "Customer", number, "company location", told.location, "link of the company location", link
        )
    d2c = Reason("", case.side.policy.d2c_customer_number, "no company", "", _policy("no company"), POLICY)
    return chosen("Customer", number, [d2c])


def _po_number(case: Case) -> Reason:
    order, told = case.order, case.told
    entered = case.side.overrides.get(PO_NUMBER, "").strip()
    return chosen(
        "PO number",
        case.document.po_number,
        [
            Reason("", entered, "PO number", told.po_number, ENTERED, ("override", PO_NUMBER)),
            Reason("", order.po_number.strip(), "PO number", order.po_number, AS_STORE),
            Reason(
                "",
                order.name,
                "order name",
                order.name,
                _policy("blank PO number"),
                POLICY,
                "fallback: no PO",
            ),
        ],
    )


def _reference(case: Case) -> Reason:
    document = case.document
    is_whole = (
        "".join(document.po_number.split()).casefold() in "".join(document.reference.split()).casefold()
    )
    note = "" if is_whole else f"cut or rewritten: {document.po_number!r} does not fit as it is"
    return Reason(
        "Reference",
        document.reference,
        "PO number and the order's identity",
        document.po_number,
        f"recipe for {case.side.erp.name}",
        note=note,
    )


def _plain(case: Case) -> Iterator[Reason]:
    document, order, side = case.document, case.order, case.side
    zone = side.store.time_zone
    placed = order.created_at.isoformat(sep=" ", timespec="seconds")
    yield Reason(
        "Order date", document.order_date.isoformat(), "placed", placed, f"day in {zone}, the store's zone"
    )
    buyer = f"{order.shop_currency} shop, {order.presentment_currency} buyer"
    money = side.policy.get_money_display()
    yield Reason("Currency", document.currency, "currencies", buyer, f"order policy: {money}", POLICY)
    includes = "yes" if document.prices_include_tax else "no"
    yield Reason("Prices include tax", includes, "taxes included", includes, AS_STORE)
    total = f"{document.total_including_tax} with {document.total_tax} tax"
    yield Reason("Total", total, "current total", str(side.money(order.current_total)), "sum of the lines")


# ----------------------------------------------------------------------------------------------------- terms


def _terms(case: Case) -> Iterator[Reason]:
    document, terms = case.document, case.order.payment_terms
    if "payment_terms" not in case.side.store_fields:
        yield _left_to_erp("Payment terms", "payment_terms")
        return
    if terms is None:
        return
    yield chosen("Payment terms", document.payment_terms_code, _terms_candidates(case))
    if document.due_date is not None:
        due_on = document.due_date.isoformat()
        if len(terms.schedules) == 1:
            yield Reason(
                "Due date", due_on, "payment terms", terms.name, note="a day of the store's time zone"
            )
            return
        by = f"order policy: instalments, {case.side.policy.get_instalments_display().lower()}"
        yield Reason("Due date", due_on, "payment terms", terms.name, by, POLICY)


def _terms_candidates(case: Case) -> Iterator[Reason]:
    terms, rows, side = case.order.payment_terms, case.rows, case.side
    assert terms is not None
    kind = terms.type[:40]
    if len(terms.schedules) > 1:
        parts = instalments_of(case.order, side.money(case.order.current_total), side.store.time_zone)
        plan = plan_of(parts)[:200] if parts else ""
        code = rows.instalments.get((kind, plan), "")
        if code:
            yield Reason("", code, "plan", plan, "row of Instalments", ("instalments", kind, plan))
        for (other, days), mapped in rows.terms.items():
            if other == kind and mapped:
                row = ("terms", kind, str(days))
                yield Reason("", mapped, "plan", plan, _policy("instalments without a row"), row)
        return
    days = terms.due_in_days or 0
    code = rows.terms.get((kind, days), "")
    yield Reason("", code, "payment terms", terms.name, "row of Payment terms", ("terms", kind, str(days)))


# -------------------------------------------------------------------------------------------------- delivery


def _method(case: Case) -> Iterator[Reason]:
    code, side = case.document.shipping_method_code, case.side
    entered = side.overrides.get(SHIPPING_METHOD)
    if entered is not None:
        known = Reason("", entered, "", "", ENTERED, ("override", SHIPPING_METHOD))
        yield chosen("Shipping method", code, [known])
    elif "shipping_method" not in side.store_fields:
        yield _left_to_erp("Shipping method", "shipping_method")
    elif code:
        yield chosen("Shipping method", code, _methods(case))
    elif case.order.shipping_lines:
        titles = ", ".join(charge.title for charge in case.order.shipping_lines)
        yield Reason(
            "Shipping method", NOTHING, "shipping lines", titles, "no row names a method: left to the ERP"
        )


def _methods(case: Case) -> Iterator[Reason]:
    for charge in case.order.shipping_lines:
        if told := method_of(charge.code):
            yield Reason("", told, "freight quote", charge.code, "quoted at the checkout")
        title, code = charge.title[:200], charge.code[:200]
        for key in ((title, code), (title, "")):
            row = case.rows.shipping.get(key)
            if row and row.method_code:
                by = "row of Shipping methods"
                yield Reason("", row.method_code, "shipping method", title, by, ("shipping", *key))


def _delivery(case: Case) -> Iterator[Reason]:
    document, fields = case.document, case.side.store_fields
    if "shipping_address" not in fields:
        yield _left_to_erp("Ship to", "shipping_address")
    elif document.ship_to:
        text = ", ".join(part for part in astuple(document.ship_to) if part)
        yield Reason("Ship to", text, "shipping address", text, AS_STORE)
    if "contact" not in fields:
        yield _left_to_erp("E-mail and phone", "contact")
        return
    for what, value in (("E-mail", document.email), ("Phone", document.phone)):
        if value:
            yield Reason(what, value, what.lower(), value, AS_STORE)


# ---------------------------------------------------------------------------------------------- filled fields


def _field(case: Case, field: FilledField) -> Reason:
    taken = fields_taken(case.side.erp.system, case.side.erp.config).get(field.name)
    label = taken.label if taken else field.name
    if taken is None:
        return chosen(label, str(field.value), [])
    entered = erp_fields(case.side.overrides).get(field.name)
    row = ("override", f"field:{field.name}")
    candidates = (
        [] if entered is None else [_written(taken, entered, Reason("", "", "", entered, ENTERED, row))]
    )
    candidates += [_from_row(case, taken, source, key) for source, key in _rows_of(case, field.name)]
    return chosen(label, str(field.value), candidates)


def _rows_of(case: Case, name: str) -> list[tuple[str, str]]:
    return sorted(key for key, row in case.rows.fields.items() if row.target == name)


def _from_row(case: Case, taken: OrderField, source: str, key: str) -> Reason:
    text = source_text(case, source, key)
    default = case.rows.fields[source, key].default_value
    note = "" if text.strip() else "fallback: the row's default, the order has none"
    said = Reason(
        "", "", source_label(source, key), text, "row of Order fields", ("field", source, key), note
    )
    return _written(taken, text if text.strip() else default, said)


def _written(taken: OrderField, text: str, reason: Reason) -> Reason:
    """The reason with the value as the field holds this text; "" where it cannot."""
    try:
        value = str(filled(taken, text).value)
    except ValueError:
        value = ""
    note = reason.note or ("" if value == text else "written as the field takes it")
    return Reason("", value, reason.source, reason.said, reason.by, reason.row, note)


def source_text(case: Case, source: str, key: str) -> str:
    """What the store's order has under this key of a row of Order fields."""
    if source == FIELD:
        return ORDER_FIELDS[key].read(case.order) if key in ORDER_FIELDS else ""
    if source == METAFIELD:
        found = case.side.metafields.get(key) or Metafield("")
        return metafield_text(found, case.side.store.time_zone)
    values = [one.value for one in case.order.attributes if key_of(one.key) == key]
    return " / ".join(dict.fromkeys(value.strip() for value in values if value.strip()))


def _left_to_erp(what: str, field: str) -> Reason:
    by = "field owner: the store does not own it, left to the ERP"
    return Reason(what, NOTHING, by=by, row=("owner", field))


def _policy(what: str) -> str:
    return f"order policy: {what}"
