"""The cells of sales orders: created, found, read back, followed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.connectors.capabilities import Capability
from hub.connectors.sales_documents import SalesDocuments
from hub.errors import CodeUnknown, OutcomeUnknown, RecordRejected, Unreachable
from orders.changes.erp_views import erp_view
from orders.changes.views import sent_view
from tests.conformance.cells import (
    LATE_SECONDS,
    cell,
    expected_money,
    followed,
    is_one_true_order,
    lost,
    money,
    orders_of,
    position_of,
    until,
)
from tests.conformance.erp import ErpUnderTest
from tests.conformance.generic_cells import Sending, can_read, can_write, write_maintenance
from tests.conformance.situations import Situation

# ------------------------------------------------------------------------------------------- create


def new_order(erp: ErpUnderTest):
    """How to send a new order, and what must be so if it was carried out once, or not at all."""
    connector = erp.veteran()
    document = erp.order(connector)

    def is_nowhere() -> None:
        assert erp.orders(document.reference) == []
        assert orders_of(connector).find_sales_orders([document.reference]) == []

    return Sending(
        send=lambda: orders_of(connector).create_sales_order(document),
        look_up=lambda: orders_of(connector).find_sales_orders([document.reference]),
        is_there_once=lambda: is_one_true_order(erp, connector, document),
        is_nowhere=is_nowhere,
    )


can_write(Capability.CREATE_ORDER, new_order)


@cell((Capability.CREATE_ORDER, Situation.MAINTENANCE))
def a_page_is_unknown_only_where_an_order_was_sent(erp: ErpUnderTest) -> None:
    write_maintenance(erp, Capability.CREATE_ORDER, new_order, (OutcomeUnknown,))

    stranger = erp.connect_anew()
    document = erp.order(stranger)
    erp.fault_on_everything("html")
    with lost(Unreachable):
        orders_of(stranger).create_sales_order(document)
    erp.forget_faults()

    assert erp.orders(document.reference) == []


@cell((Capability.CREATE_ORDER, Situation.NORMAL))
def creates_an_order(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    document = erp.order(connector)

    created = orders_of(connector).create_sales_order(document)

    (true,) = erp.orders(document.reference)
    assert (created.external_id, created.reference) == (true.external_id, document.reference)
    assert created.number in ("", true.number)
    assert orders_of(connector).identity_of(document.reference) == document.identity
    is_one_true_order(erp, connector, document)


@cell((Capability.CREATE_ORDER, Situation.REPEATED))
def an_order_is_never_created_twice(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    orders = orders_of(connector)
    document = erp.order(connector)
    created = orders.create_sales_order(document)

    found = orders.find_sales_orders([document.reference])
    if orders.has_native_idempotency:
        again = orders.create_sales_order(document)
        assert again.external_id == created.external_id

    assert [each.external_id for each in found] == [created.external_id]
    is_one_true_order(erp, connector, document)


@cell((Capability.CREATE_ORDER, Situation.REFUSED))
def a_refused_order_says_why_and_leaves_nothing(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    for field, code in erp.unknown_codes.items():
        document = with_unknown(erp.order(connector), field, code.code)
        with pytest.raises(CodeUnknown) as unknown:
            orders_of(connector).create_sales_order(document)
        assert unknown.value.codes == (code,)
        assert erp.orders(document.reference) == []

    document, words = erp.refusing(erp.order(connector))
    with pytest.raises(RecordRejected) as refused:
        orders_of(connector).create_sales_order(document)

    assert words in str(refused.value)
    assert erp.orders(document.reference) == []


def with_unknown(document, field: str, code: str):
    """The order with a code that is not there: in a field of its own, or in its first line."""
    if hasattr(document, field):
        return replace(document, **{field: code})
    return replace(document, lines=(replace(document.lines[0], **{field: code}), *document.lines[1:]))


@cell((Capability.PRICES_WITH_TAX, Situation.NORMAL))
def takes_prices_that_include_tax(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    document = erp.order_with_tax(connector)

    created = orders_of(connector).create_sales_order(document)

    is_one_true_order(erp, connector, document)
    (whole,) = connector.supporting(SalesDocuments).read_sales_documents([created.external_id])
    assert erp_view(whole, document) == sent_view(document)


# --------------------------------------------------------------------------------- fields of people


@cell((Capability.FILL_FIELDS, Situation.NORMAL))
def fills_every_field_that_it_offers(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    offered = {field.name: field for field in orders_of(connector).order_fields(connector.config)}
    document = erp.order(connector, fields=erp.fields)

    orders_of(connector).create_sales_order(document)

    assert {field.name for field in erp.fields} == set(offered)
    assert {field.name: erp.filled(document.reference, field.name) for field in erp.fields} == {
        field.name: field.value for field in erp.fields
    }
    is_one_true_order(erp, connector, document)


@cell((Capability.FILL_FIELDS, Situation.REFUSED))
def a_field_that_is_refused_refuses_the_order(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    document = erp.order(connector, fields=(erp.wrong_field,))

    with pytest.raises(RecordRejected) as refused:
        orders_of(connector).create_sales_order(document)

    assert erp.words_about_wrong_field in str(refused.value)
    assert erp.orders(document.reference) == []


# --------------------------------------------------------------------------------- look up, read back


def looking_up(erp: ErpUnderTest):
    connector = erp.connect()
    document = erp.order(connector)
    orders_of(connector).create_sales_order(document)
    return lambda: orders_of(connector).find_sales_orders([document.reference])


can_read(Capability.FIND_ORDER, looking_up)


@cell((Capability.FIND_ORDER, Situation.NORMAL))
def finds_an_order_also_when_it_was_invoiced(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    document = erp.order(connector)
    created = orders_of(connector).create_sales_order(document)
    (true,) = erp.orders(document.reference)

    (before,) = orders_of(connector).find_sales_orders([document.reference])
    erp.invoice(true)
    (after,) = orders_of(connector).find_sales_orders([document.reference])

    assert (before.external_id, before.number) == (created.external_id, true.number)
    assert before.reference == after.reference == document.reference
    assert before.customer_number == after.customer_number == document.customer_number
    assert money(after) == expected_money(document)


@cell((Capability.FIND_ORDER, Situation.LATE))
def a_look_up_finds_what_came_late(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    orders = orders_of(connector)
    first, late = erp.order(connector), erp.order(connector)
    orders.create_sales_order(first)
    orders.get_ready()

    erp.fault("late_commit", Capability.CREATE_ORDER, seconds=LATE_SECONDS)
    with lost(OutcomeUnknown):
        orders.create_sales_order(late)
    references = [first.reference, late.reference]
    found = until(lambda: [both for both in [orders.find_sales_orders(references)] if len(both) > 1])[0]

    assert sorted(each.reference for each in found) == sorted(references)
    # An index that lags behind shows less, and later all; a far side without one shows all at once.
    erp.fault_on_everything("lagging_lookup", seconds=60)
    assert len(orders.find_sales_orders(references)) in (0, 2)
    erp.forget_faults()
    assert len(orders.find_sales_orders(references)) == 2


@cell((Capability.FIND_ORDER, Situation.PARTIAL))
def a_look_up_finds_those_that_are_there(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    there = erp.plant_orders(connector, 2)
    never_sent = erp.order(connector).reference

    found = orders_of(connector).find_sales_orders([there[0], never_sent, there[1]])

    assert sorted(each.reference for each in found) == sorted(there)


@cell((Capability.FIND_ORDER, Situation.PAGING))
def a_look_up_of_many_goes_to_the_end(erp: ErpUnderTest) -> None:
    erp.small_pages()
    connector = erp.connect()
    references = erp.plant_orders(connector, erp.more_than_a_page)

    found = orders_of(connector).find_sales_orders(references)

    assert sorted(each.reference for each in found) == sorted(references)


def reading(erp: ErpUnderTest):
    connector = erp.connect()
    created = orders_of(connector).create_sales_order(erp.order(connector))
    return lambda: orders_of(connector).read_sales_orders([created.external_id])


can_read(Capability.READ_TOTALS, reading)


@cell((Capability.READ_TOTALS, Situation.NORMAL))
def reads_number_and_totals(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    document = erp.order(connector)
    created = orders_of(connector).create_sales_order(document)
    (true,) = erp.orders(document.reference)

    (read,) = orders_of(connector).read_sales_orders([created.external_id])

    assert (read.external_id, read.number, read.reference) == (
        true.external_id,
        true.number,
        document.reference,
    )
    assert money(read) == expected_money(document)
    assert read.customer_number == document.customer_number


@cell((Capability.READ_TOTALS, Situation.PARTIAL))
def reads_those_that_are_there(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    orders = orders_of(connector)
    ids = [orders.create_sales_order(erp.order(connector)).external_id for _ in range(2)]

    read = orders.read_sales_orders([ids[0], erp.absent_id, "no id at all", ids[1]])

    assert sorted(each.external_id for each in read) == sorted(ids)


@cell((Capability.READ_TOTALS, Situation.PAGING))
def reads_many_to_the_end(erp: ErpUnderTest) -> None:
    erp.small_pages()
    connector = erp.connect()
    orders = orders_of(connector)
    references = erp.plant_orders(connector, erp.more_than_a_page)
    ids = [each.external_id for each in orders.find_sales_orders(references)]

    read = orders.read_sales_orders(ids)

    assert len(ids) == erp.more_than_a_page
    assert sorted(each.external_id for each in read) == sorted(ids)
    assert all(each.totals for each in read)


# ---------------------------------------------------------------------------------------- the changes


def following(erp: ErpUnderTest):
    connector = erp.connect()
    (reference,) = erp.plant_orders(connector, 1)
    since = position_of(connector, reference)
    erp.plant_orders(connector, 1)
    return lambda: followed(connector, since)


can_read(Capability.FOLLOW_ORDERS, following)


@cell((Capability.FOLLOW_ORDERS, Situation.NORMAL))
def tells_what_is_new_and_what_a_clerk_changed(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    old, untouched = erp.plant_orders(connector, 2)
    since = position_of(connector, untouched)
    (new,) = erp.plant_orders(connector, 1)
    erp.touch(erp.orders(old)[0])

    changes = followed(connector, since)

    assert {old, new} <= {each.reference for each in changes} <= {old, untouched, new}
    assert [each.updated_at for each in changes] == sorted(each.updated_at for each in changes)
    assert all(each.updated_at >= since.updated_at for each in changes)


@cell((Capability.FOLLOW_ORDERS, Situation.LATE))
def tells_what_came_late(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    orders = orders_of(connector)
    (reference,) = erp.plant_orders(connector, 1)
    since = position_of(connector, reference)
    late = erp.order(connector)

    erp.fault("late_commit", Capability.CREATE_ORDER, seconds=LATE_SECONDS)
    with lost(OutcomeUnknown):
        orders.create_sales_order(late)
    seen = until(lambda: [each for each in followed(connector, since) if each.reference == late.reference])

    assert len({each.external_id for each in seen}) == 1


@cell((Capability.FOLLOW_ORDERS, Situation.PAGING))
def tells_all_changes_in_their_order(erp: ErpUnderTest) -> None:
    erp.small_pages()
    connector = erp.connect()
    (first,) = erp.plant_orders(connector, 1)
    since = position_of(connector, first)
    references = erp.plant_orders(connector, erp.more_than_a_page)

    page = orders_of(connector).changed_sales_orders(since, None)
    changes = followed(connector, since)

    assert page.after is not None
    assert len(page.items) < erp.more_than_a_page
    assert len({each.external_id for each in changes}) == len(changes)
    assert set(references) <= {each.reference for each in changes} <= {first, *references}
    assert [each.updated_at for each in changes] == sorted(each.updated_at for each in changes)
