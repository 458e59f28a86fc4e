"""The recipe: how a Business Central document carries the machine identity of a store order.

Business Central has one free field on an order that survives posting, `externalDocumentNumber` (Code[35]),
and people expect the customer's PO number in it. So it holds both: PO number, slash, identity token.

    PO-4711/A1-24KD131Q3IE     token: see hub/connectors/identity.py
    A1-24KD131Q3IE             the same order without a PO number

A Code field is stored in upper case and trimmed, so the reference is built in that form and is equal to what
is read back. An exact `eq` then finds what was sent, as it was sent. Where the attempt's record is lost, or a
clerk has mended the PO number, the token is enough: `endswith` finds it, and the identity inside is compared.

Only what follows the last slash is ever read as an identity, and our token is always that, so nothing a buyer
types as PO number can name another order.
"""

from __future__ import annotations

from hub.connectors.documents import OrderIdentity
from hub.connectors.erps.business_central.text import as_code, cut, units
from hub.connectors.identity import identity_of_token, identity_token
from hub.connectors.quotes import identity_of_quote

REFERENCE_LENGTH = 35
SEPARATOR = "/"


def reference_for(identity: OrderIdentity, po_number: str) -> str:
    """PO number and identity as Business Central stores them; at most 35 UTF-16 units, the PO number cut."""
    return _beside(identity_token(identity), po_number)


def with_po_number(reference: str, po_number: str) -> str:
    """The reference with another PO number: beside the identity of ours that is there, an order's or a quote's.

    Alone where there is none.
    """
    token = reference.strip().rpartition(SEPARATOR)[2]
    return _beside(token, po_number) if _is_ours(token) else cut(as_code(po_number), REFERENCE_LENGTH)


def po_part(identity: OrderIdentity, po_number: str) -> str:
    """As much of the PO number, as a code, as the reference has room for; empty for a blank PO number."""
    return _po_part(identity_token(identity), po_number)


def _beside(token: str, po_number: str) -> str:
    kept = _po_part(token, po_number)
    return f"{kept}{SEPARATOR}{token}" if kept else token


def _po_part(token: str, po_number: str) -> str:
    return cut(as_code(po_number), REFERENCE_LENGTH - len(SEPARATOR) - units(token))


def _is_ours(token: str) -> bool:
    return identity_of_token(token) is not None or identity_of_quote(token) is not None


def identity_of(reference: str) -> OrderIdentity | None:
    """The identity at the end of a reference, or None where it is not one of ours."""
    return identity_of_token(reference.strip().rpartition(SEPARATOR)[2])


def po_number_in(reference: str) -> str:
    """The PO number that a reference carries: what stands before an identity of ours, else all of it.

    An order's or a quote's.
    """
    text = reference.strip()
    head, _, token = text.rpartition(SEPARATOR)
    return head if _is_ours(token) else text
