"""The simulated Business Central company of the sandbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from hub.connectors.documents import LineKind
from hub.demo import goods
from hub.demo.erps.far_erp import (
    SECRET,
    TAXES,
    Codes,
    CreditsThere,
    FarDocument,
    FarErp,
    FarQuote,
    Identity,
    Operations,
    OrderedLine,
    Pace,
    QuotesThere,
    identity_in,
    sum_of_items,
)
from hub.demo.sandbox import Sandbox
from hub.sync.models import Connection

# Requests are counted in a window of so many seconds.
WINDOW = 300
FIRST_LINE = 10000


class BusinessCentralSide(FarErp, CreditsThere, QuotesThere):
    """One company in an environment; each system has a client of its own, which is what limits are counted by."""

    system = "business_central"
    label = "Business Central"
    code = "BC"
    codes = Codes(
        taxes=TAXES,
        terms=(
            ("NET", 30, "Net 30", "30 DAYS"),
            ("NET", 60, "Net 60", "60 DAYS"),
            ("NET", 15, "Net 15", "14 DAYS"),
        ),
        shipping=(
            ("Standard", "STANDARD", "6810"),
            ("Express", "EXPRESS", "6810"),
            ("Freight", "FREIGHT", "6810"),
        ),
        charge_kind=LineKind.ACCOUNT,
    )
    operations = Operations(
        create="POST salesOrders",
        read_back="GET salesOrders",
        look_ups="GET sales*",
        reads="GET *",
        sign_in="POST token",
        other_writes=("POST salesQuotes", "POST salesCreditMemos", "POST post", "PATCH *", "DELETE *"),
    )
    credit_records, credit_total = "salesCreditMemos", "totalAmountIncludingTax"
    prompt = {"totals_in_answer": True}

    def make(self, sandbox: Sandbox, name: str, **options: Any) -> None:
        super().make(sandbox, name, **{"client_id": name, "client_secret": SECRET, **options})

    def master_data(self) -> dict[str, Any]:
        return {
            "items": [
                {
                    "number": item.number,
                    "displayName": item.name,
                    "unitPrice": str(item.price),
                    "baseUnitOfMeasureCode": "PCS",
                    "blocked": item.is_blocked,
                }
                for item in goods.items()
            ],
            "customers": [
                {
                    "number": company.number,
                    "displayName": company.name,
                    "taxRegistrationNumber": company.tax_id,
                    "email": company.email,
                    "country": company.country,
                    "city": company.city,
                    "postalCode": company.postal_code,
                    "addressLine1": company.street,
                }
                for company in goods.COMPANIES
            ],
        }

    def settings(self, address: str, name: str) -> dict[str, str]:
        return {
            "tenant_id": "sandbox",
            "environment": "Production",
            "company": f"CONCORD {name}".upper(),
            "client_id": name,
            "currency": "EUR",
            "api_url": address,
            "login_url": address,
        }

    def secrets(self, name: str) -> dict[str, str]:
        return {"client_secret": SECRET}

    def documents(self, sandbox: Sandbox, name: str) -> list[FarDocument]:
        """An invoice that was posted from an order which is still there is the same document."""
        erp = sandbox.truth(kind="erp", name=name)["erps"][name]
        numbers = {order["number"] for order in erp["salesOrders"]}
        posted = [
            invoice
            for invoice in erp["salesInvoices"]
            if invoice.get("orderNumber") not in numbers and invoice["status"] not in ("Draft", "In Review")
        ]
        orders = sorted(erp["salesOrders"], key=lambda order: str(order["number"]))
        terms = {str(row["id"]): str(row["code"]) for row in erp["paymentTerms"]}
        return [_document(record, terms) for record in (*orders, *posted)]

    def enter_order(
        self, sandbox: Sandbox, name: str, customer: str, lines: Sequence[OrderedLine], po_number: str
    ) -> str:
        order = {
            "customerNumber": customer,
            "externalDocumentNumber": po_number,
            "salesOrderLines": [
                {
                    "lineType": "Item",
                    "lineObjectNumber": number,
                    "quantity": quantity,
                    "unitPrice": float(price),
                    "taxCode": "VAT19",
                }
                for number, quantity, price in lines
            ],
        }
        made = sandbox.act("erp", name, "create_order", {"order": order})
        sandbox.act("erp", name, "release_order", {"number": made["number"]})
        return str(made["id"])

    def ship(self, sandbox: Sandbox, name: str, document: FarDocument, quantity: int, tracking: str) -> None:
        parcel = {"tracking": tracking, "agent": "DHL", "location": "MAIN"}
        lines = [{"sequence": FIRST_LINE, "quantity": quantity}]
        sandbox.act("erp", name, "ship_order", {"number": document.number, "lines": lines, **parcel})

    def change_quantity(self, sandbox: Sandbox, name: str, document: FarDocument, quantity: int) -> None:
        """Only an order that is not released can be changed: it is opened for that, and released again."""
        order = {"number": document.number}
        sandbox.act("erp", name, "reopen_order", order)
        changes = {"quantity": quantity}
        sandbox.act("erp", name, "edit_line", {**order, "sequence": FIRST_LINE, "changes": changes})
        sandbox.act("erp", name, "release_order", order)

    def cancel_order(self, sandbox: Sandbox, name: str, document: FarDocument) -> None:
        """There is no state for it: the order is deleted."""
        sandbox.act("erp", name, "delete_order", {"number": document.number})

    def invoice(self, sandbox: Sandbox, name: str, document: FarDocument) -> None:
        sandbox.act("erp", name, "post_order", {"number": document.number})

    def credit(self, sandbox: Sandbox, name: str, document: FarDocument, price: Decimal) -> None:
        [item] = document.quantities
        line = {
            "lineType": "Item",
            "lineObjectNumber": item,
            "quantity": 1,
            "unitPrice": float(price),
            "taxCode": "VAT19",
        }
        memo = {
            "customerNumber": document.customer_number,
            "invoiceNumber": document.number,
            "salesCreditMemoLines": [line],
        }
        sandbox.act("erp", name, "create_credit_memo", {"memo": memo, "posted": True})

    def quotes(self, sandbox: Sandbox, name: str) -> list[FarQuote]:
        records = sandbox.truth(kind="erp", name=name)["erps"][name]["salesQuotes"]
        return [
            FarQuote(str(one["number"]), str(one["externalDocumentNumber"]).partition("/")[0])
            for one in records
        ]

    def price_quote(self, sandbox: Sandbox, name: str, quote: FarQuote, price: Decimal) -> None:
        changes = {"unitPrice": float(price)}
        data = {"number": quote.key, "sequence": FIRST_LINE, "changes": changes}
        sandbox.act("erp", name, "edit_quote", data)

    def show_parcels(self, sandbox: Sandbox, name: str, connection: Connection) -> None:
        """An administrator publishes the page of posted shipments there, and names it on the connection's page here."""
        sandbox.act("erp", name, "publish_page", {})
        connection.config |= {"shipments_page": "Posted_Sales_Shipment"}
        connection.save()

    def pace(self, *, concurrency: int, latency: float, rate: float) -> Pace:
        options = {"concurrency": concurrency, "latency": latency, "rate": int(rate * WINDOW)}
        return Pace(
            options,
            {"concurrency": str(concurrency or 50), "requests_per_second": str(rate or 1000)},
        )

    def identity_of_create(self, request: Mapping[str, Any]) -> Identity | None:
        return identity_in(str(request.get("externalDocumentNumber", "")))


def _document(record: Mapping[str, Any], terms: Mapping[str, str]) -> FarDocument:
    reference = str(record["externalDocumentNumber"])
    identity = identity_in(reference)
    return FarDocument(
        external_id=str(record["id"]),
        number=str(record["number"]),
        reference=reference,
        identity=identity,
        po_number=reference.rpartition("/")[0] if identity else reference,
        customer_number=str(record["customerNumber"]),
        currency=str(record["currencyCode"]),
        total=Decimal(str(record["totalAmountIncludingTax"])),
        quantities=sum_of_items(
            (str(line["lineObjectNumber"]), line["quantity"])
            for line in record["lines"]
            if line["lineType"] == "Item"
        ),
        terms=terms.get(str(record["paymentTermsId"]), ""),
        comments="\n".join(
            str(line["description"]) for line in record["lines"] if line["lineType"] == "Comment"
        ),
    )
