"""Everything that a sale names, found in Tryton: many codes in a call, kept for some minutes."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from hub.connectors.base import CallKind
from hub.connectors.documents import LineKind, SalesOrder
from hub.connectors.erps.tryton.client import Client
from hub.connectors.erps.tryton.places import (
    ADDRESS_FIELDS,
    Place,
    address_values,
    default_address,
    find_address,
    place_of,
)
from hub.connectors.erps.tryton.records import ALSO_INACTIVE, Records, id_of, is_active, rows_at
from hub.connectors.erps.tryton.sale_body import SaleRecords
from hub.connectors.erps.tryton.wire import Json
from hub.errors import (
    CodeKind,
    CodeUnknown,
    ConnectionBroken,
    OutcomeUnknown,
    RecordRejected,
    SyncError,
    UnknownCode,
    Unreachable,
)

_ASKED = ("waiting", "shipped", "done")
SALE_FIELDS = ("web_shop", "web_id", "carrier", "shipment_cost_method", "drop_shipments")


@dataclass(frozen=True, slots=True)
class Settings:
    """What of Tryton's own settings decides how a sale is stated."""

    has_web_id: bool
    has_carrier: bool
    rounds_taxes_by_line: bool
    has_drop_shipments: bool

    @property
    def vendor_fields(self) -> tuple[str, ...]:
        """What of a sale says how far vendors are with what they send straight to the customer."""
        return ("drop_shipments.state",) if self.has_drop_shipments else ()


def is_at_vendor(sale: Json) -> bool:
    """Whether a vendor was asked to send goods of this sale, or has: Tryton takes no purchase back for a sale."""
    return any(each.get("state") in _ASKED for each in rows_at(sale, "drop_shipments"))


@dataclass(slots=True)
class _Missing:
    """Codes that Tryton does not know, and records that it has but must not be used."""

    codes: list[UnknownCode] = field(default_factory=list)
    inactive: list[str] = field(default_factory=list)

    def check(self, kind: CodeKind, wanted: Iterable[str], found: Mapping[str, Json]) -> None:
        for code in dict.fromkeys(code for code in wanted if code):
            if code not in found:
                self.codes.append(UnknownCode(kind, code))
            elif not is_active(found[code]):
                self.inactive.append(f"{kind} {code!r}")

    def tell(self, reference: str) -> None:
        """Raises CodeUnknown or RecordRejected where something is missing."""
        if self.codes:
            raise CodeUnknown(
                f"Tryton has no {', no '.join(map(str, self.codes))}. Create it there or name another one in the "
                "mapping.",
                codes=self.codes,
                evidence={"reference": reference, "codes": [str(code) for code in self.codes]},
            )
        if self.inactive:
            raise RecordRejected(
                f"Deactivated in Tryton: {', '.join(self.inactive)}. Activate it there or name another one in the "
                "mapping, then press Try again.",
                evidence={"reference": reference, "inactive": self.inactive},
            )


class Lookups:
    """The tables that sales refer to, for one connection. Safe to share between threads."""

    def __init__(self, client: Client) -> None:
        self.client = client

        def of_company() -> list[object]:
            return [["company", "=", client.company()]]

        def for_sales() -> list[object]:
            # Charts of accounts often have a tax of the same name for purchases.
            kinds = ["OR", ["group", "=", None], ["group.kind", "in", ["sale", "both"]]]
            return [*of_company(), ["parent", "=", None], kinds]

        party_fields = ("name", "active", "customer_payment_term", *ADDRESS_FIELDS)
        self.parties = Records(client, "party.party", "code", party_fields, domain=lambda: [ALSO_INACTIVE])
        product_fields = ("active", "template.active", "sale_uom")
        self.products = Records(
            client, "product.product", "code", product_fields, domain=lambda: [ALSO_INACTIVE]
        )
        self.taxes = Records(client, "account.tax", "name", ("rate", "type", "childs"), domain=for_sales)
        self.terms = Records(client, "account.invoice.payment_term", "name", ())
        self.carriers = Records(client, "carrier", "party.code", ())
        self.currencies = Records(client, "currency.currency", "code", ())
        self.units = Records(client, "product.uom", "symbol", ())
        self.shops = Records(client, "web.shop", "name", (), domain=of_company)
        places: list[object] = [["type", "=", "warehouse"], ALSO_INACTIVE]
        self.warehouses = Records(client, "stock.location", "code", ("active",), domain=lambda: places)
        self.countries = Records(client, "country.country", "code", ())
        self.subdivisions = Records(client, "country.subdivision", "code", ())
        self._settings: Settings | None = None
        self._settings_lock = threading.Lock()
        self._adding = threading.Lock()

    def get_ready(self) -> None:
        """Read what most sales need; what this user may not read is told where a sale needs it."""
        for read in (self.settings, self.taxes.read_all, self.terms.read_all, self.shops.read_all):
            with suppress(SyncError):
                read()

    def settings(self) -> Settings:
        """What the modules and the company's settings say, read once."""
        if self._settings is None:
            fields = self.client.call(
                CallKind.READ,
                "model.sale.sale.fields_get",
                list(SALE_FIELDS),
                operation="read fields of sales",
            )
            names = fields.keys() if isinstance(fields, dict) else ()
            self._settings = Settings(
                "web_id" in names, "shipment_cost_method" in names, self._by_line(), "drop_shipments" in names
            )
        return self._settings

    def _by_line(self) -> bool:
        """Whether taxes are rounded on each line; where the user may not read it, Tryton's default is taken."""
        found: object = []
        with suppress(RecordRejected):
            found = self.client.call(
                CallKind.READ,
                "model.account.configuration.read",
                [1],
                ["tax_rounding"],
                operation="read settings of accounting",
            )
        return any(row.get("tax_rounding") == "line" for row in found) if isinstance(found, list) else False

    def records_for(self, document: SalesOrder, shop_name: str) -> SaleRecords:
        """Everything that this document names; an address that its party lacks is added to the party.

        Raises CodeUnknown with every code that Tryton does not know, RecordRejected for what is deactivated there.
        """
        settings = self.settings()
        missing = _Missing()
        items = [line.number for line in document.lines if line.kind is LineKind.ITEM]
        lines = [line for line in document.lines if line.kind is not LineKind.COMMENT]
        parties = self.parties.by_code([document.customer_number])
        missing.check(CodeKind.CUSTOMER, [document.customer_number], parties)
        products = self.products.by_code(items)
        missing.check(CodeKind.ITEM, items, products)
        taxes = self.taxes.by_code(line.tax_code for line in lines)
        missing.check(CodeKind.TAX_CODE, (line.tax_code for line in lines), taxes)
        terms = self.terms.by_code([document.payment_terms_code])
        missing.check(CodeKind.PAYMENT_TERMS, [document.payment_terms_code], terms)
        method = document.shipping_method_code
        carriers = self._carriers(method) if method else {}
        missing.check(CodeKind.SHIPPING_METHOD, [method], carriers)
        warehouse = _warehouse(document)
        warehouses = self.warehouses.by_code([warehouse])
        missing.check(CodeKind.WAREHOUSE, [warehouse], warehouses)
        missing.tell(document.reference)
        party = parties[document.customer_number]
        invoice_address, shipment_address = self._addresses(document, party)
        return SaleRecords(
            company=self.client.company(),
            party=party,
            invoice_address=invoice_address,
            shipment_address=shipment_address,
            currency=id_of(self._one(self.currencies, document.currency, "currency")),
            shop=self.shop(shop_name),
            products=products,
            units={
                line.unit: self._one(self.units, line.unit, "unit of measure") for line in lines if line.unit
            },
            taxes=taxes,
            payment_term=_term(terms.get(document.payment_terms_code), party),
            carrier=id_of(carriers[method]) if method else None,
            with_carrier=settings.has_carrier,
            rounds_taxes_by_line=settings.rounds_taxes_by_line,
            warehouse=id_of(warehouses[warehouse]) if warehouse else None,
        )

    def _carriers(self, method: str) -> dict[str, Json]:
        """The carrier of this code; raises RecordRejected where Tryton's sales have none at all."""
        if self.settings().has_carrier:
            return self.carriers.by_code([method])
        raise RecordRejected(
            f"Tryton's sales have no carriers, so that shipping method {method!r} cannot be sent. Activate the module "
            "sale_shipment_cost there, or take the method out of the shipping method mapping; then press Try again.",
            evidence={"shipping_method": method},
        )

    def forget(self, document: SalesOrder) -> None:
        """Read anew what this document names when it comes again: perhaps it was refused for what has changed."""
        self.parties.forget(document.customer_number)
        self.terms.forget(document.payment_terms_code)
        self.carriers.forget(document.shipping_method_code)
        self.warehouses.forget(_warehouse(document))
        for line in document.lines:
            self.products.forget(line.number)
            self.taxes.forget(line.tax_code)

    def shop(self, name: str) -> int:
        """The id of the web shop of this name; raises ConnectionBroken where there is none."""
        if not self.settings().has_web_id:
            raise ConnectionBroken(
                "Tryton's module web_shop is not activated: nothing there keeps an order from being entered twice. "
                "Activate it."
            )
        found = self.shops.by_code([name])
        if name not in found:
            raise ConnectionBroken(
                f"Tryton has no web shop {name!r} in this company. Create it there under Products, Web Shops, "
                "or correct the name on the connection's page."
            )
        return id_of(found[name])

    def _one(self, table: Records, code: str, name: str) -> Json:
        found = table.by_code([code])
        if code not in found:
            raise RecordRejected(
                f"Tryton has no {name} {code!r}. Create or activate it there, then press Try again.",
                evidence={"model": table.model, "code": code},
            )
        return found[code]

    # -------------------------------------------------------------------------------------------- addresses

    def _addresses(self, document: SalesOrder, party: Json) -> tuple[int | None, int | None]:
        """For the invoice the party's own, for the goods where the store sends them."""
        invoice = default_address(party, "invoice")
        if document.ship_to is None:
            return invoice, default_address(party, "delivery")
        place = place_of(document.ship_to)
        shipment = find_address(party, place)
        if shipment is None:
            shipment = self._added(document.customer_number, place)
        return invoice if invoice is not None else shipment, shipment

    def _added(self, customer_number: str, place: Place) -> int:
        """The party's new address. One at a time, and looked for once more: a retry finds what it added before."""
        with self._adding:
            self.parties.forget(customer_number)
            party = self._one(self.parties, customer_number, "customer")
            known = find_address(party, place)
            if known is not None:
                return known
            country = self._one(self.countries, place.country, "country") if place.country else {}
            subdivision = self.subdivisions.by_code([place.subdivision]).get(place.subdivision)
            values = address_values(
                place,
                party,
                country=id_of(country) if country else None,
                subdivision=id_of(subdivision) if subdivision else None,
            )
            self.parties.forget(customer_number)
            try:
                made = self.client.create("party.address", values, operation="add an address to the customer")
            except OutcomeUnknown as error:
                raise Unreachable(
                    f"{error} The order was not sent; the address is looked for first."
                ) from error
        if not isinstance(made, list) or not made or not isinstance(made[0], int):
            raise Unreachable("add an address to the customer: the answer names no address.")
        return made[0]


def _warehouse(document: SalesOrder) -> str:
    """The code of the one that lines name: a sale has one, and orders are asked about whose lines name several."""
    return next((line.warehouse for line in document.lines if line.warehouse), "")


def _term(chosen: Json | None, party: Json) -> int | None:
    """The order's payment terms, else those that Tryton has for the customer."""
    if chosen is not None:
        return id_of(chosen)
    own = party.get("customer_payment_term")
    return own if isinstance(own, int) else None
