"""What people do with sales in Tryton, by the calls that its own client makes: enter, change, hold, ship, cancel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from hub.demo.tryton.rpc import Tryton

SALE = "sale.sale"


class Clerk:
    """A person at a server's address. Sales are named by their ids."""

    def __init__(self, office: Tryton) -> None:
        self.office = office

    def enter_sale(
        self,
        customer: str,
        lines: Sequence[tuple[str, int | Decimal, str]],
        *,
        reference: str = "",
        tax: str = "VAT19",
        **fields: object,
    ) -> int:
        """A draft over lines of (product code, quantity, net unit price), for a customer by its code."""
        office = self.office
        [party] = office.find("party.party", [["code", "=", customer]], "addresses.street")
        address = party["addresses."][0]["id"]
        currency = office.find_id("currency.currency", ["code", "=", "EUR"])
        term = office.find_id("account.invoice.payment_term", ["name", "=", "30 DAYS"])
        made = [self._line(product, quantity, price, tax) for product, quantity, price in lines]
        values = {
            "party": party["id"],
            "invoice_address": address,
            "shipment_address": address,
            "currency": currency,
            "payment_term": term,
            "reference": reference,
            "shipment_cost_method": None,
            "lines": [["create", made]],
        }
        return office.create(SALE, values | fields)[0]

    def change_sale(self, sale: int, **fields: object) -> None:
        """Fields of the sale itself: reference, dates, addresses."""
        self.office.call(f"model.{SALE}.write", [sale], fields)

    def change_line(self, sale: int, place: int, **fields: object) -> None:
        """Fields of the line at that place, counted from 0; through the sale, as the client saves it."""
        self.change_sale(sale, lines=[["write", [self._lines(sale)[place]], fields]])

    def add_line(self, sale: int, product: str, quantity: int, price: str, tax: str = "VAT19") -> None:
        """One more line at the end."""
        self.change_sale(sale, lines=[["create", [self._line(product, quantity, price, tax)]]])

    def delete_line(self, sale: int, place: int) -> None:
        """The line at that place, counted from 0, is gone."""
        self.change_sale(sale, lines=[["delete", [self._lines(sale)[place]]]])

    def amend_line(self, sale: int, place: int, **fields: object) -> None:
        """Quantity or unit price of the line at that place, counted from 0, of a sale that is under way."""
        office, line = self.office, self._lines(sale)[place]
        names = ("product", "quantity", "unit", "unit_price", "description")
        [row] = office.call("model.sale.line.read", [line], list(names))
        entry = {"action": "line", "line": line, **{name: row[name] for name in names}, **fields}
        made = office.create("sale.amendment", {"sale": sale, "lines": [["create", [entry]]]})
        office.call("model.sale.amendment.validate_amendment", made)

    def press(self, button: str, sale: int) -> None:
        """quote, confirm, draft (take a quotation back), cancel; raises TrytonRefused where Tryton refuses."""
        self.office.call(f"model.{SALE}.{button}", [sale])

    def delete_sale(self, sale: int) -> None:
        """Only a cancelled one can be deleted."""
        self.office.call(f"model.{SALE}.delete", [sale])

    def awaits_shipment(self, sale: int) -> bool:
        """Whether a shipment of the sale waits for the warehouse."""
        [row] = self.office.find(SALE, [["id", "=", sale]], "shipments.state")
        return any(each["state"] == "waiting" for each in row["shipments."])

    def ship(
        self, sale: int, quantity: int | None = None, tracking: str = "", on: date | None = None
    ) -> None:
        """Pick, pack and ship the sale's first open shipment, or so many of its first line; today if not `on` a day."""
        office, model = self.office, "stock.shipment.out"
        [row] = office.find(SALE, [["id", "=", sale]], "shipments.state")
        shipment = next(each["id"] for each in row["shipments."] if each["state"] == "waiting")
        if quantity is not None:
            [found] = office.find(model, [["id", "=", shipment]], "inventory_moves")
            move = found["inventory_moves"][0]
            office.call("model.stock.move.write", [move], {"quantity": float(quantity)})
        office.call(f"model.{model}.write", [shipment], {"reference": tracking, "effective_date": on})
        for button in ("assign_force", "pick", "pack", "do"):
            office.call(f"model.{model}.{button}", [shipment])

    def post_invoice(self, sale: int) -> None:
        """Post the sale's draft invoices, of today."""
        [row] = self.office.find(SALE, [["id", "=", sale]], "invoices.state")
        drafts = [each["id"] for each in row["invoices."] if each["state"] == "draft"]
        self.office.call("model.account.invoice.write", drafts, {"invoice_date": date.today()})  # noqa: DTZ011
        self.office.call("model.account.invoice.post", drafts)

    def credit_invoice(self, sale: int, quantity: int) -> int:
        """Credit the sale's first invoice by the wizard, lessened to so many of its first line, and post that."""
        office, model = self.office, "account.invoice"
        [row] = office.find(SALE, [["id", "=", sale]], "invoices")
        invoice = row["invoices"][0]
        before = {each["id"] for each in office.find(model, [])}
        wizard, about = f"wizard.{model}.credit", {"active_model": model, "active_ids": [invoice]}
        session, start, _ = office.call(f"{wizard}.create")
        form = {start: {"with_refund": False, "invoice_date": None}}
        office.call(f"{wizard}.execute", session, form, "credit", **about, active_id=invoice, action_id=None)
        office.call(f"{wizard}.delete", session)
        [credit] = {each["id"] for each in office.find(model, [])} - before
        [row] = office.find(model, [["id", "=", credit]], "lines")
        first, *others = row["lines"]
        change = [["delete", others], ["write", [first], {"quantity": -float(quantity)}]]
        office.call(f"model.{model}.write", [credit], {"lines": change})
        office.call(f"model.{model}.post", [credit])
        return int(credit)

    def receive(self, sale: int) -> None:
        """The goods of a return sale are back on the shelf."""
        [row] = self.office.find(SALE, [["id", "=", sale]], "shipment_returns")
        for button in ("receive", "do"):
            self.office.call(f"model.stock.shipment.out.return.{button}", row["shipment_returns"])

    def sells_from_vendor(self, code: str, vendor: str) -> None:
        """A product of this code that the vendor, a party made for it, sends straight to the customer."""
        office, price = self.office, [["create", [{"quantity": 0.0, "unit_price": Decimal(5)}]]]
        [party] = office.create("party.party", {"name": vendor, "addresses": [["create", [{"city": "Ulm"}]]]})
        sold = {"party": party, "drop_shipment": True, "prices": price}
        unit = office.find_id("product.uom", ["symbol", "=", "u"])
        units = dict.fromkeys(("default_uom", "sale_uom", "purchase_uom"), unit)
        product = {
            "type": "goods", "code": code, "name": code, "list_price": Decimal(10), "salable": True,
            "purchasable": True, "supply_on_sale": "always", "products": [["create", [{}]]],
            "account_category": office.find_id("product.category", ["name", "=", "Goods"]),
            "product_suppliers": [["create", [sold]]],
        }  # fmt: skip
        office.create("product.template", units | product)

    def order_from_vendor(self, sale: int) -> None:
        """Make the purchases that the sale asks for, and confirm them."""
        office, model = self.office, "purchase.request"
        [row] = office.find(SALE, [["id", "=", sale]], "lines.purchase_request")
        asked = [line["purchase_request"] for line in row["lines."] if line["purchase_request"]]
        wizard, about = f"wizard.{model}.create_purchase", {"active_model": model, "active_ids": asked}
        session, start, _ = office.call(f"{wizard}.create", **about, active_id=asked[0], action_id=None)
        office.call(f"{wizard}.execute", session, {}, start, **about, active_id=asked[0], action_id=None)
        office.call(f"{wizard}.delete", session)
        rows = office.find(model, [["id", "in", asked]], "purchase_line.purchase")
        purchases = sorted({each["purchase_line."]["purchase"] for each in rows})
        for button in ("quote", "confirm"):
            office.call(f"model.purchase.purchase.{button}", purchases)

    def vendor_ships(
        self, sale: int, quantity: int | None = None, tracking: str = "", on: date | None = None
    ) -> int:
        """The vendor sends the sale's drop shipment that waits, or so many of it; the shipment's id."""
        office, model = self.office, "stock.shipment.drop"
        [row] = office.find(SALE, [["id", "=", sale]], "drop_shipments.state")
        shipment = next(each["id"] for each in row["drop_shipments."] if each["state"] == "waiting")
        [found] = office.find(model, [["id", "=", shipment]], "supplier_moves")
        sent = {"effective_date": on} | ({} if quantity is None else {"quantity": float(quantity)})
        office.call("model.stock.move.write", found["supplier_moves"], sent)
        office.call(f"model.{model}.write", [shipment], {"reference": tracking})
        office.call(f"model.{model}.ship", [shipment])
        return int(shipment)

    def press_drop(self, button: str, shipment: int) -> None:
        """do (it has arrived), cancel."""
        self.office.call(f"model.stock.shipment.drop.{button}", [shipment])

    def _line(self, product: str, quantity: int | Decimal, price: str, tax: str) -> Mapping[str, Any]:
        [found] = self.office.find("product.product", [["code", "=", product]], "sale_uom")
        return {
            "type": "line",
            "product": found["id"],
            "unit": found["sale_uom"],
            "quantity": float(quantity),
            "unit_price": Decimal(price),
            "taxes": [["add", [self.office.find_id("account.tax", ["name", "=", tax])]]],
        }

    def _lines(self, sale: int) -> list[int]:
        [row] = self.office.find(SALE, [["id", "=", sale]], "lines")
        return [int(line) for line in row["lines"]]
