"""The cells of credit memos: created once and posted, found, followed; and of return orders before them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hub.connectors.base import Connector
from hub.connectors.capabilities import Capability
from hub.connectors.credits import (
    Credits,
    CreditStage,
    ErpCredit,
    NewCredit,
    ReturnOrders,
    credit_reference,
)
from hub.connectors.documents import LineKind, OrderIdentity, PagePosition
from hub.errors import NeedsReview, OutcomeUnknown
from tests.conformance.cells import cell
from tests.conformance.erp import STORE_CODE, ErpUnderTest
from tests.conformance.generic_cells import Sending, can_read, can_write
from tests.conformance.situations import Situation

MORE_THAN_A_PAGE = 5


def credits_of(connector: Connector) -> Credits:
    return connector.supporting(Credits)


def invoiced_order(erp: ErpUnderTest, connector: Connector):
    """An order over three pieces, delivered and invoiced."""
    return erp.invoiced(connector)


def new_credit(erp: ErpUnderTest, order, **changes) -> NewCredit:
    """One of an order's three pieces, with its tax."""
    number = str(int(datetime.now(UTC).timestamp() * 1_000_000))
    line = erp.line(LineKind.ITEM, erp.codes.item, quantity="1", price="10.00", tax="1.90")
    made = NewCredit(
        reference=credit_reference(OrderIdentity(STORE_CODE, number)),
        customer_number=erp.codes.customer,
        currency="EUR",
        credit_date=datetime.now(UTC).date(),
        prices_include_tax=False,
        lines=(line,),
        total_excluding_tax=Decimal("10.00"),
        total_tax=Decimal("1.90"),
        total_including_tax=Decimal("11.90"),
        order_external_id=order.external_id,
        order_reference=order.reference,
        note="Refund 1 of #1001",
    )
    return replace(made, **changes)


def posted(connector: Connector, credit: ErpCredit) -> ErpCredit:
    """The credit as it stands once nothing is left to do about it."""
    credits = credits_of(connector)
    if credits.credits_begin_as_drafts:
        (result,) = credits.post_credits([credit.external_id])
        assert result.failure is None
    (found,) = credits.read_credits([credit.external_id])
    return found


def followed(connector: Connector, since: PagePosition | None) -> list[ErpCredit]:
    """Everything that changed since, page after page."""
    found: list[ErpCredit] = []
    after = None
    while True:
        page = credits_of(connector).changed_credits(since, after)
        found += page.items
        after = page.after
        if after is None:
            return found


# ------------------------------------------------------------------------------------------ create


def to_create(erp: ErpUnderTest):
    connector = erp.veteran()
    document = new_credit(erp, invoiced_order(erp, connector))

    def look_up() -> list:
        return credits_of(connector).find_credits([document.reference])

    def is_there_once() -> None:
        assert erp.credits(document.reference) == [Decimal("11.90")]
        (found,) = look_up()
        assert found.reference == document.reference

    def is_nowhere() -> None:
        assert erp.credits(document.reference) == []

    return Sending(lambda: credits_of(connector).create_credit(document), look_up, is_there_once, is_nowhere)


can_write(Capability.CREDIT_MEMO, to_create, lost_as=(OutcomeUnknown,))


@cell((Capability.CREDIT_MEMO, Situation.NORMAL))
def creates_what_was_refunded_and_posts_it(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    order = invoiced_order(erp, connector)
    document = new_credit(erp, order)

    created = credits_of(connector).create_credit(document)
    found = posted(connector, created)

    assert found.external_id == created.external_id
    assert (found.stage, found.is_return) == (CreditStage.CREDITED, False)
    assert (found.totals.excluding_tax, found.totals.tax) == (Decimal("10.00"), Decimal("1.90"))
    goods = [line for line in found.lines if line.kind is LineKind.ITEM]
    assert [(line.number, line.quantity) for line in goods] == [(erp.codes.item, Decimal(1))]
    assert (found.reference, found.customer_number) == (document.reference, erp.codes.customer)
    assert found.order_external_id in ("", order.external_id)


@cell((Capability.CREDIT_MEMO, Situation.REPEATED))
def posting_twice_is_posting_once_and_one_that_is_gone_is_left_out(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    created = credits_of(connector).create_credit(new_credit(erp, invoiced_order(erp, connector)))
    first = posted(connector, created)

    again = posted(connector, created)

    assert (again.number, again.stage) == (first.number, first.stage)
    assert credits_of(connector).read_credits([erp.absent_id, "no id"]) == []
    assert credits_of(connector).post_credits([erp.absent_id]) == []


@cell((Capability.CREDIT_MEMO, Situation.REFUSED))
def what_the_erp_refuses_is_told_in_its_words_and_makes_nothing(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    document = new_credit(erp, invoiced_order(erp, connector))
    line = replace(document.lines[0], number="NO-SUCH-ITEM")

    with pytest.raises(NeedsReview, match="NO-SUCH-ITEM"):
        credits_of(connector).create_credit(replace(document, lines=(line,)))

    assert erp.credits(document.reference) == []


@cell((Capability.RETURN_ORDER, Situation.NORMAL))
def announces_what_will_come_back(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    document = new_credit(erp, invoiced_order(erp, connector))
    returns = connector.supporting(ReturnOrders)

    created = returns.create_return(document)
    (found,) = returns.find_returns([document.reference])

    assert (found.external_id, found.is_return) == (created.external_id, True)
    assert found.stage in (CreditStage.REQUESTED, CreditStage.APPROVED)
    assert found.external_id in {one.external_id for one in returns.changed_returns(None, None).items}


# ------------------------------------------------------------------------------------------ follow


def following(erp: ErpUnderTest):
    connector = erp.connect()
    order = invoiced_order(erp, connector)
    created = credits_of(connector).create_credit(new_credit(erp, order))
    (known,) = credits_of(connector).read_credits([created.external_id])
    since = PagePosition(known.updated_at, known.external_id)
    return lambda: followed(connector, since)


can_read(Capability.FOLLOW_CREDITS, following)


@cell((Capability.FOLLOW_CREDITS, Situation.NORMAL))
def tells_what_a_clerk_credited_of_which_order(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    order = invoiced_order(erp, connector)
    before = datetime.now(UTC).replace(microsecond=0)
    external_id = erp.credit(order, 2)

    (told,) = [one for one in followed(connector, PagePosition(before, "")) if one.external_id == external_id]

    assert (told.stage, told.reference) == (CreditStage.CREDITED, "")
    assert told.order_external_id in ("", order.external_id)
    assert told.order_external_id or told.invoice_number
    goods = [line for line in told.lines if line.kind is LineKind.ITEM]
    assert [(line.number, line.quantity) for line in goods] == [(erp.codes.item, Decimal(2))]
    assert sum(line.amount_excluding_tax for line in told.lines) == told.totals.excluding_tax


@cell((Capability.FOLLOW_CREDITS, Situation.PAGING))
def tells_all_in_their_order(erp: ErpUnderTest) -> None:
    erp.small_pages()
    connector = erp.connect()
    order = invoiced_order(erp, connector)
    erp.few_credits_a_page(connector)
    before = datetime.now(UTC).replace(microsecond=0)
    documents = [credits_of(connector).create_credit(new_credit(erp, order)) for _ in range(MORE_THAN_A_PAGE)]

    page = credits_of(connector).changed_credits(PagePosition(before, ""), None)
    told = followed(connector, PagePosition(before, ""))

    assert page.after is not None
    assert {one.external_id for one in documents} <= {one.external_id for one in told}
    assert [one.updated_at for one in told] == sorted(one.updated_at for one in told)


def returns_followed(connector: Connector, since: PagePosition | None) -> list[ErpCredit]:
    """Every return order that changed since, page after page."""
    found: list[ErpCredit] = []
    after = None
    while True:
        page = connector.supporting(ReturnOrders).changed_returns(since, after)
        found += page.items
        after = page.after
        if after is None:
            return found


def following_returns(erp: ErpUnderTest):
    connector = erp.connect()
    since = PagePosition(datetime.now(UTC).replace(microsecond=0), "")
    erp.authorize_return(invoiced_order(erp, connector), 1)
    return lambda: returns_followed(connector, since)


can_read(Capability.FOLLOW_RETURNS, following_returns)


@cell((Capability.FOLLOW_RETURNS, Situation.NORMAL))
def tells_what_a_clerk_takes_back_of_which_order(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    order = invoiced_order(erp, connector)
    before = datetime.now(UTC).replace(microsecond=0)
    external_id = erp.authorize_return(order, 2)

    told = [
        one for one in returns_followed(connector, PagePosition(before, "")) if one.external_id == external_id
    ]

    assert [(one.is_return, one.reference, one.order_external_id) for one in told] == [
        (True, "", order.external_id)
    ]
    assert told[0].stage in (CreditStage.REQUESTED, CreditStage.APPROVED)
    goods = [line for line in told[0].lines if line.kind is LineKind.ITEM]
    assert [(line.number, line.quantity, line.received_quantity) for line in goods] == [
        (erp.codes.item, Decimal(2), Decimal(0))
    ]


@cell((Capability.FOLLOW_RETURNS, Situation.PAGING))
def tells_all_return_orders_in_their_order(erp: ErpUnderTest) -> None:
    erp.small_pages()
    connector = erp.connect()
    order = invoiced_order(erp, connector)
    erp.few_credits_a_page(connector)
    before = datetime.now(UTC).replace(microsecond=0)
    made = [erp.authorize_return(order, 1) for _ in range(MORE_THAN_A_PAGE)]

    page = connector.supporting(ReturnOrders).changed_returns(PagePosition(before, ""), None)
    told = returns_followed(connector, PagePosition(before, ""))

    assert page.after is not None
    assert set(made) <= {one.external_id for one in told}
    assert [one.updated_at for one in told] == sorted(one.updated_at for one in told)
