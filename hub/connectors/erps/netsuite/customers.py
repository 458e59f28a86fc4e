"""Customers: read for matching, and created for company locations that have none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from hub.connectors.customer_documents import ErpCustomer, NewCustomer
from hub.connectors.erp_parts import Customers, NewCustomers
from hub.connectors.erps.netsuite.client import Client, Json
from hub.connectors.erps.netsuite.order_body import address_fields
from hub.connectors.erps.netsuite.sales_orders import Codes
from hub.connectors.erps.netsuite.suiteql import CustomerQueries
from hub.connectors.erps.netsuite.text import LENGTHS, clean, cut, fitted
from hub.errors import OutcomeUnknown, SyncError, Unreachable

CUSTOMER = "customer"
AT_ONCE = 200
_OPERATION = "look up customers"
# SuiteQL writes the record service's names in lower case; those of the account's own fields are lower case everywhere.
_REST_NAMES = {"vatregnumber": "vatRegNum", "resalenumber": "resaleNumber", "defaulttaxreg": "defaultTaxReg"}


class NetSuiteCustomers(Customers, NewCustomers):
    """The parts Customers and NewCustomers, played with a client."""

    client: Client
    currency: str
    codes: Codes
    customer_queries: CustomerQueries
    subsidiary: str

    def customers_by_number(self, numbers: Sequence[str]) -> list[ErpCustomer]:
        """Numbers are entity ids: compared trimmed and without case."""
        wanted = {text.casefold() for text in map(clean, numbers) if text}
        found = self._in_parts(sorted(wanted), self.customer_queries.by_number)
        return [customer for customer in found if customer.number.strip().casefold() in wanted]

    def customers_by_tax_id(self, tax_registration_id: str) -> list[ErpCustomer]:
        """Compared without blanks, dots, dashes and case, there and here."""
        wanted = _bare(tax_registration_id)
        if not wanted:
            return []
        found = self._matching(self.customer_queries.by_tax_id(wanted))
        return [customer for customer in found if _bare(customer.tax_registration_id) == wanted]

    def customers_by_email(self, email: str) -> list[ErpCustomer]:
        """Compared without case."""
        wanted = clean(email)
        if not wanted:
            return []
        found = self._matching(self.customer_queries.by_email(wanted))
        return [customer for customer in found if customer.email.strip().casefold() == wanted.casefold()]

    def customers_by_reference(self, references: Sequence[str]) -> list[ErpCustomer]:
        """By external id."""
        wanted = list(dict.fromkeys(text.strip() for text in references if text.strip()))
        return self._in_parts(wanted, self.customer_queries.by_reference)

    def create_customer(self, document: NewCustomer) -> ErpCustomer:
        """One PUT by the reference as external id, then one look for the number that NetSuite gave it.

        A second customer of the reference is not made. Numbers come from the account's own series.
        """
        operation = f"create customer {document.reference}"
        body = self._customer_body(document)
        upserted = self.client.upsert(
            CUSTOMER, document.reference, body, sublists="addressBook", operation=operation
        )
        try:
            found = (
                self._matching(self.customer_queries.by_id([upserted.internal_id]))
                if upserted.internal_id
                else self.customers_by_reference([document.reference])
            )
        except SyncError as error:
            raise OutcomeUnknown(f"{operation}: done, but its number cannot be read. {error}") from error
        if not found:
            raise OutcomeUnknown(f"{operation}: done, but the customer is not found yet.")
        return found[0]

    def _customer_body(self, document: NewCustomer) -> Json:
        """What does not fit is cut: NetSuite's clerks complete a new customer anyway."""
        notes: list[str] = []
        name = document.name if document.parent_number else document.company_name or document.name
        texts = {
            "companyName": name,
            "email": document.email,
            "phone": document.phone,
        }
        fields: Json = {"isPerson": False}
        fields |= {field: kept for field, text in texts.items() if (kept := fitted(field, text, notes))}
        tax_id = cut(clean(document.tax_registration_id), LENGTHS["vatRegNum"])
        if tax_id:
            column = self.customer_queries.tax_id
            fields[_REST_NAMES.get(column, column)] = tax_id
        fields |= {
            field: {"id": found} for field, found in self._customer_references(document).items() if found
        }
        if document.address is not None:
            address = address_fields(document.address, clean(document.address.phone), notes)
            label = fitted("label", document.name or document.company_name, notes)
            fields["addressBook"] = {
                "items": [
                    {
                        "defaultBilling": True,
                        "defaultShipping": True,
                        "label": label,
                        "addressBookAddress": address,
                    }
                ]
            }
        return fields

    def _customer_references(self, document: NewCustomer) -> dict[str, str]:
        has_currencies = bool(document.currency) and not self.codes.currencies.is_empty()
        parent = document.parent_number
        return {
            "subsidiary": self.codes.header["subsidiary"][0].id_of(self.subsidiary)
            if self.subsidiary
            else "",
            "currency": self.codes.currencies.id_of(document.currency) if has_currencies else "",
            "parent": self.codes.customers.ids_of([parent])[parent] if parent else "",
        }

    def _in_parts(self, wanted: list[str], query: Callable[[Iterable[str]], str]) -> list[ErpCustomer]:
        found: list[ErpCustomer] = []
        for start in range(0, len(wanted), AT_ONCE):
            found += self._matching(query(wanted[start : start + AT_ONCE]))
        return found

    def _matching(self, query: str) -> list[ErpCustomer]:
        try:
            rows = self.client.rows(query, operation=_OPERATION)
            return list({row["id"]: self._customer(row) for row in rows}.values())
        except KeyError as error:
            raise Unreachable(f"{_OPERATION}: an answer without the column {error}.") from error

    def _customer(self, row: Json) -> ErpCustomer:
        return ErpCustomer(
            external_id=str(row["id"]),
            number=str(row["entityid"]),
            name=_name(row),
            email=str(row.get("email") or ""),
            tax_registration_id=str(row.get("taxid") or ""),
            currency=self._customer_currency(row),
            is_blocked=row.get("isinactive") in ("T", True),
            parent_number=str(row.get("parentnumber") or ""),
        )

    def _customer_currency(self, row: Json) -> str:
        internal_id = row.get("currency")
        if internal_id is None or self.codes.currencies.is_empty():
            return self.currency
        return self.codes.currencies.code_of(str(internal_id))


def _name(row: Json) -> str:
    person = " ".join(str(row[part]) for part in ("firstname", "lastname") if row.get(part))
    return str(row.get("companyname") or person or row["entityid"])


def _bare(text: str) -> str:
    return "".join(char for char in clean(text) if char not in " .-").upper()
