"""Parties as customers: read for matching, and created where nobody matches."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hub.connectors.customer_documents import ErpCustomer, NewCustomer
from hub.connectors.documents import Address
from hub.connectors.erp_parts import Customers, NewCustomers
from hub.connectors.erps.tryton.client import Client
from hub.connectors.erps.tryton.lookups import Lookups
from hub.connectors.erps.tryton.places import address_values, place_of
from hub.connectors.erps.tryton.records import ALSO_INACTIVE, id_of, rows_at, text_at
from hub.connectors.erps.tryton.wire import Json
from hub.errors import OutcomeUnknown, RecordRejected

PARTY = "party.party"
FIELDS = (
    "code",
    "name",
    "active",
    "email",
    "tax_identifier.code",
    "identifiers.code",
    "identifiers.type",
    "contact_mechanisms.type",
    "contact_mechanisms.value",
)
# What `%` and `_` stand for in Tryton's `ilike`.
_WILDCARD = re.compile(r"([\\%_])")
_EU_VAT = re.compile(
    r"(AT|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK|XI)\w+"
)
_EDGE = 2


class TrytonCustomers(Customers, NewCustomers):
    """The parts Customers and NewCustomers, played with a client. A customer's number is the party's code."""

    client: Client
    lookups: Lookups

    def customers_by_number(self, numbers: Sequence[str]) -> list[ErpCustomer]:
        """Codes are compared as they are, but for blanks around them."""
        wanted = list(dict.fromkeys(text.strip() for text in numbers if text.strip()))
        return [_customer(row) for row in self._parties(["code", "in", wanted])] if wanted else []

    def customers_by_tax_id(self, tax_registration_id: str) -> list[ErpCustomer]:
        """Compared without blanks, dots, dashes and case; a national number also with its country in front.

        Tryton keeps an identifier as it was typed: it is asked for every one with the same first and last two
        characters, and the comparison is made here.
        """
        wanted = _bare(tax_registration_id)
        if not wanted:
            return []
        end = _literal(wanted[-_EDGE:])
        starts = dict.fromkeys((wanted[:_EDGE], wanted[_EDGE : 2 * _EDGE]))
        terms: list[object] = [["code", "ilike", f"{_literal(start)}%{end}"] for start in starts if start]
        rows = self._parties(["identifiers", "where", ["OR", *terms]])
        return [_customer(row) for row in rows if wanted in _tax_ids(row)]

    def customers_by_email(self, email: str) -> list[ErpCustomer]:
        """Every e-mail contact of a party counts, not only its first."""
        wanted = email.strip()
        if not wanted:
            return []
        rows = self._parties(
            ["contact_mechanisms", "where", [["type", "=", "email"], ["value", "ilike", _literal(wanted)]]]
        )
        return [_customer(row) for row in rows if wanted.casefold() in _emails(row)]

    def customers_by_reference(self, references: Sequence[str]) -> list[ErpCustomer]:
        """The reference is the party's code."""
        return self.customers_by_number(references)

    def create_customer(self, document: NewCustomer) -> ErpCustomer:
        """One call, with address, tax identifier and contacts; its code is the reference, unique in Tryton.

        Where Tryton refuses because that party is there already, it is the answer.
        """
        if document.parent_number:
            raise RecordRejected(
                f"Tryton keeps no customer above another one: {document.name} cannot be put under "
                f"{document.parent_number}. Create it by hand, or choose that no parent is given."
            )
        operation = f"create customer {document.reference}"
        values = self._values(document)
        try:
            made = self.client.create(PARTY, values, operation=operation)
        except RecordRejected:
            found = self.customers_by_reference([document.reference])
            if not found:
                raise
            return found[0]
        if not isinstance(made, list) or len(made) != 1 or not isinstance(made[0], int):
            raise OutcomeUnknown(f"{operation}: the answer does not say which party was made ({made!r}).")
        return ErpCustomer(
            external_id=str(made[0]),
            number=document.reference,
            name=str(values["name"]),
            email=document.email.strip(),
            tax_registration_id=document.tax_registration_id.strip(),
            currency="",
            is_blocked=False,
        )

    def _values(self, document: NewCustomer) -> Json:
        contacts = {"email": document.email.strip(), "phone": document.phone.strip()}
        values: Json = {
            "code": document.reference,
            "name": document.name.strip() or document.company_name.strip(),
            "contact_mechanisms": [
                ["create", [{"type": kind, "value": text} for kind, text in contacts.items() if text]]
            ],
        }
        if document.tax_registration_id.strip():
            values["identifiers"] = [["create", [_identifier(document.tax_registration_id.strip())]]]
        if document.address is not None:
            values["addresses"] = [["create", [self._address(document.address, values)]]]
        return values

    def _address(self, address: Address, party: Json) -> Json:
        place = place_of(address)
        country = self.lookups.countries.by_code([place.country]).get(place.country)
        subdivision = self.lookups.subdivisions.by_code([place.subdivision]).get(place.subdivision)
        if place.country and country is None:
            raise RecordRejected(
                f"Tryton has no country {place.country!r}. Create it there, then press Try again.",
                evidence={"country": place.country},
            )
        values = address_values(
            place,
            party,
            country=id_of(country) if country else None,
            subdivision=id_of(subdivision) if subdivision else None,
        )
        del values["party"]
        return values | {"invoice": True, "delivery": True}

    def _parties(self, term: list[object]) -> list[Json]:
        domain, oldest_first = [term, ALSO_INACTIVE], [["id", "ASC"]]
        return self.client.records(PARTY, domain, FIELDS, operation="look up customers", order=oldest_first)


def _customer(row: Json) -> ErpCustomer:
    codes = [text_at(identifier, "code") for identifier in rows_at(row, "identifiers")]
    return ErpCustomer(
        external_id=str(id_of(row)),
        number=text_at(row, "code"),
        name=text_at(row, "name"),
        email=text_at(row, "email"),
        tax_registration_id=text_at(row, "tax_identifier.code") or next(iter(codes), ""),
        currency="",
        is_blocked=not row.get("active", True),
    )


def _identifier(code: str) -> Json:
    """A VAT number of the European Union is checked by Tryton; others are kept as they are."""
    return {"type": "eu_vat" if _EU_VAT.fullmatch(_bare(code)) else None, "code": code}


def _tax_ids(row: Json) -> set[str]:
    """Every identifier of a party, bare; national ones (type `de_vat`) with their country, too."""
    found = set()
    for identifier in rows_at(row, "identifiers"):
        bare = _bare(text_at(identifier, "code"))
        country, _, kind = text_at(identifier, "type").partition("_")
        found |= {bare, f"{country.upper()}{bare}" if kind else bare}
    return found


def _emails(row: Json) -> set[str]:
    return {
        text_at(contact, "value").strip().casefold()
        for contact in rows_at(row, "contact_mechanisms")
        if contact.get("type") == "email"
    }


def _bare(text: str) -> str:
    return "".join(char for char in text if not char.isspace() and char not in ".-").upper()


def _literal(text: str) -> str:
    return _WILDCARD.sub(r"\\\1", text)
