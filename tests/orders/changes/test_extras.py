"""What the store changed that no call brings into an ERP's order."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec
import pytest

from hub.connectors.documents import LineKind, OrderIdentity, SalesOrder, SalesOrderLine
from orders.changes.extras import Extra, extras


def document(*comments, quantity="3"):
    goods = SalesOrderLine(
        LineKind.ITEM, "IT-0087", "Table", quantity=Decimal(quantity), source_external_id="1"
    )
    return SalesOrder(
        identity=OrderIdentity("EU", "1"),
        reference="R",
        po_number="PO-1",
        customer_number="10000",
        order_date=date(2026, 11, 20),
        currency="EUR",
        prices_include_tax=False,
        lines=(goods, *(SalesOrderLine(LineKind.COMMENT, "", text) for text in comments)),
        total_excluding_tax=Decimal(30),
        total_tax=Decimal(0),
        total_including_tax=Decimal(30),
    )


def note(told):
    """What a connector might say, in whatever words."""
    return [f"{told.lines[0].quantity} pieces have one price here."]


@pytest.mark.parametrize(
    ("sent", "now", "is_told"),
    [
        (document("Gate 2"), document("Gate 3"), True),
        (document("Gate 2"), document("Gate 2"), False),
        (document(*note(document())), document(*note(document(quantity="2")), quantity="2"), False),
        (document("9 pieces have one price here."), document(), True),
        (document("Payment: manual (pending)"), document("Payment: manual (paid)"), False),
    ],
    ids=["a note", "the same note", "what the connector adds", "a buyer in its words", "how it is paid"],
)
def test_what_people_wrote_is_told_and_what_the_connector_adds_is_not(sent, now, is_told):
    found = extras(msgspec.to_builtins(sent), now, note)

    assert bool(found) is is_told


def test_both_texts_are_told():
    stored = msgspec.to_builtins(document("Gate 2"))

    assert extras(stored, document("Gate 3"), note) == [Extra("comments", "Gate 2", "Gate 3")]
