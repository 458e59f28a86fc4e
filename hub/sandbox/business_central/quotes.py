"""Sales quotes: made by the API, priced by clerks, turned into orders.

After the published page APIV2SalesQuotes: no `pricesIncludeTax`, and an action that makes the order. The order carries
the quote's external document number; the quote is gone then.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hub.sandbox.business_central import amounts
from hub.sandbox.business_central.documents import FIRST_ORDER, LINES, ORDERS, Orders
from hub.sandbox.business_central.entities import ENTITIES
from hub.sandbox.business_central.errors import bad_request, not_valid
from hub.sandbox.business_central.state import State
from hub.sandbox.business_central.values import Record, accept, blank

QUOTES, QUOTE_LINES = "salesQuotes", "salesQuoteLines"
MAKE_ORDER = "Microsoft.NAV.makeOrder"
FIRST_QUOTE = 1001
# What the header's lines are priced by and the page does not show.
_HIDDEN: Record = {"pricesIncludeTax": False}


class Quotes:
    """The sales quote API page and what turns a quote into an order."""

    def __init__(self, state: State, orders: Orders) -> None:
        self.state = state
        self.orders = orders

    def create(self, body: Any) -> Record:
        """Insert a quote with its lines, all or nothing."""
        if not isinstance(body, dict) or not isinstance(body.get(QUOTE_LINES, []), list):
            raise bad_request("A JSON object with an array 'salesQuoteLines' is expected.")
        given = accept(ENTITIES[QUOTES], {k: v for k, v in body.items() if k != QUOTE_LINES})
        today = datetime.now(UTC).date().isoformat()
        record = {**blank(ENTITIES[QUOTES]), **_HIDDEN, "status": "Draft"}
        record = self.orders.filled(record | {"documentDate": today, "postingDate": today}, given)
        number = self.state.next_number(QUOTES, FIRST_QUOTE, "S-QUO")
        record |= {"number": number, "id": self.state.new_id(QUOTES, number)}
        quote = self.state.save(QUOTES, record)
        for at, line in enumerate(body.get(QUOTE_LINES, []), start=1):
            accept(ENTITIES[QUOTE_LINES], line)
            self.state.save(QUOTE_LINES, self.orders.lines.made(quote, line, 10_000 * at))
        return self._recalculated(quote)

    def change(self, quote: Record, body: Any) -> Record:
        """Change fields of the header."""
        given = accept(ENTITIES[QUOTES], body)
        return self._recalculated(self.state.save(QUOTES, self.orders.filled(quote, given)))

    def change_line(self, line: Record, body: Any) -> Record:
        """Change one line."""
        accept(ENTITIES[QUOTE_LINES], body)
        quote = self.state[QUOTES].records[line["documentId"]]
        changed = self.state.save(QUOTE_LINES, self.orders.lines.changed(quote, line, body))
        self._recalculated(quote)
        return self.state[QUOTE_LINES].records[changed["id"]]

    def delete(self, quote: Record) -> None:
        """Delete the quote with its lines."""
        for line in self.lines_of(quote):
            self.state.remove(QUOTE_LINES, line["id"])
        self.state.remove(QUOTES, quote["id"])

    def make_order(self, quote: Record) -> Record:
        """Turn the quote into an order; the quote is gone then."""
        lines = self.lines_of(quote)
        if not lines:
            raise not_valid("There is nothing to make an order of.")
        number = self.state.next_number(ORDERS, FIRST_ORDER, "S-ORD")
        shared = {name: value for name, value in quote.items() if name in ENTITIES[ORDERS].fields}
        record = {**blank(ENTITIES[ORDERS]), **shared, "status": "Draft", "partialShipping": True}
        record |= {"number": number, "id": self.state.new_id(ORDERS, number), **_HIDDEN}
        record |= {"orderDate": quote["documentDate"], "discountAppliedBeforeTax": True}
        order = self.state.save(ORDERS, record)
        for line in lines:
            key = f"{number}/{line['sequence']}"
            self.state.save(LINES, line | {"id": self.state.new_id(LINES, key), "documentId": order["id"]})
        self.delete(quote)
        return order

    def lines_of(self, quote: Record) -> list[Record]:
        """The lines by sequence."""
        return sorted(
            self.state[QUOTE_LINES].having("documentId", quote["id"]), key=lambda line: line["sequence"]
        )

    def _recalculated(self, quote: Record) -> Record:
        rules = amounts.Rules(self.orders.lines.precision(quote["currencyCode"]), False)
        priced = amounts.priced(self.lines_of(quote), quote["discountAmount"], rules)
        for line in priced:
            self.state.save(QUOTE_LINES, line)
        totals = {name: value for name, value in amounts.totals(priced).items() if name in quote}
        return self.state.save(QUOTES, quote | totals)
