"""Customers, read for matching."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hub.connectors.customer_documents import ErpCustomer
from hub.connectors.erp_parts import Customers
from hub.connectors.erps.business_central import odata
from hub.connectors.erps.business_central.client import Client, Json
from hub.connectors.erps.business_central.text import as_code, clean, units
from hub.errors import Unreachable

FIELDS = "id,number,displayName,email,taxRegistrationNumber,currencyCode,blocked"
PAGE_SIZE = 1000
# Business Central refuses a filter that is longer than its field.
NUMBER_LENGTH, EMAIL_LENGTH = 20, 80
# The first and the last two characters of a tax id stand together in every national spelling: DE 123.456-789.
_TAX_ID_EDGE = 2


class BusinessCentralCustomers(Customers):
    """The part Customers, played with a client."""

    client: Client
    currency: str

    def customers_by_number(self, numbers: Sequence[str]) -> list[ErpCustomer]:
        """Numbers are codes: compared trimmed and in upper case. Longer than the field, none is asked for."""
        wanted = dict.fromkeys(code for code in map(as_code, numbers) if 0 < units(code) <= NUMBER_LENGTH)
        found = self._matching(f"number eq {odata.literal(code)}" for code in wanted)
        return [customer for customer in found if as_code(customer.number) in wanted]

    def customers_by_tax_id(self, tax_registration_id: str) -> list[ErpCustomer]:
        """Compared without blanks, dots, dashes and case.

        Business Central stores the id as it was typed and filters exactly, so no list of spellings would be
        complete: it is asked for every id with the same two first and two last characters, and the comparison
        is made here.
        """
        wanted = _bare_tax_id(tax_registration_id)
        if not wanted:
            return []
        found = self._matching(_tax_id_terms(wanted))
        return [customer for customer in found if _bare_tax_id(customer.tax_registration_id) == wanted]

    def customers_by_email(self, email: str) -> list[ErpCustomer]:
        """Compared without case; asked for as given and in lower case, the spellings that people store."""
        wanted = clean(email)
        if not 0 < units(wanted) <= EMAIL_LENGTH:
            return []
        spellings = dict.fromkeys((wanted, wanted.lower()))
        found = self._matching(f"email eq {odata.literal(text)}" for text in spellings)
        return [customer for customer in found if customer.email.strip().casefold() == wanted.casefold()]

    def _matching(self, terms: Iterable[str]) -> list[ErpCustomer]:
        found: dict[str, ErpCustomer] = {}
        for chain in odata.any_of(terms):
            path = odata.query("customers", {"$filter": chain, "$select": FIELDS})
            for row in self.client.items(path, operation="look up customers", page_size=PAGE_SIZE):
                customer = self._customer(row)
                found[customer.external_id] = customer
        return list(found.values())

    def _customer(self, payload: Json) -> ErpCustomer:
        """Any block (ship, invoice, all) counts: Business Central takes no new order for such a customer."""
        try:
            return ErpCustomer(
                external_id=str(payload["id"]),
                number=str(payload["number"]),
                name=str(payload["displayName"]),
                email=str(payload["email"] or ""),
                tax_registration_id=str(payload["taxRegistrationNumber"] or ""),
                currency=str(payload["currencyCode"] or self.currency),
                is_blocked=odata.enum_word(str(payload["blocked"] or "")) != "",
            )
        except KeyError as error:
            raise Unreachable(f"look up customers: an answer without the field {error}.") from error


def _bare_tax_id(text: str) -> str:
    return "".join(char for char in clean(text) if char not in " .-").upper()


def _tax_id_terms(bare: str) -> list[str]:
    """Both ends in one term; the beginning in either case, for databases that tell cases apart."""
    start, end = bare[:_TAX_ID_EDGE], odata.literal(bare[-_TAX_ID_EDGE:])
    starts = [odata.literal(text) for text in dict.fromkeys((start, start.lower()))]
    field = "taxRegistrationNumber"
    return [f"(startswith({field},{first}) and endswith({field},{end}))" for first in starts]
