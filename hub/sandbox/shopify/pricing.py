"""The arithmetic of an order: discounts allocated to lines, taxes per line, totals; both currencies at once.

Every amount is rounded half up to minor units where it arises: one discount share, one tax of one line.
Totals are sums of those, so that each adds up in shop and in presentment currency.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from hub.sandbox.shopify.errors import Record
from hub.sandbox.shopify.money import ZERO, Currencies, Pair, rounded, shares, total


@dataclass(slots=True)
class Tax:
    """One tax on a charge: `rate` is a fraction; a given `amount` is kept as it is, else it is computed."""

    title: str
    rate: Decimal
    amount: Pair | None = None
    is_channel_liable: bool = False


@dataclass(slots=True)
class Discount:
    """Either `percent` (10 means 10 %) or `amount` off what it applies to; a `code` makes it a code's."""

    title: str
    percent: Decimal | None = None
    amount: Pair | None = None
    code: str | None = None


@dataclass(slots=True)
class Duty:
    """Duty on a line that crosses a border, with the taxes on the duty itself; beside the line's price."""

    price: Pair
    harmonized_code: str | None = None
    country_of_origin: str | None = None
    taxes: list[Tax] = field(default_factory=list)
    tax_amounts: list[Pair] = field(default_factory=list)


@dataclass(slots=True)
class Charge:
    """A line or a shipping charge: what is asked per piece, its own discounts and taxes.

    A tip is a line of its own kind: in the order's total, but not in its subtotal.
    """

    title: str
    price: Pair
    quantity: int = 1
    discounts: list[Discount] = field(default_factory=list)
    taxes: list[Tax] = field(default_factory=list)
    facts: Record = field(default_factory=dict)
    allocations: list[tuple[int, Pair]] = field(default_factory=list)
    tax_amounts: list[Pair] = field(default_factory=list)
    duties: list[Duty] = field(default_factory=list)
    is_tip: bool = False

    @property
    def gross(self) -> Pair:
        return self.price.times(self.quantity)

    @property
    def discounted(self) -> Pair:
        return total([amount for _, amount in self.allocations])

    @property
    def net(self) -> Pair:
        return self.gross - self.discounted

    @property
    def tax(self) -> Pair:
        return total(self.tax_amounts)


@dataclass(slots=True)
class Basket:
    """What is bought and the discounts on the whole of it; `price()` fills in allocations and taxes."""

    currencies: Currencies
    taxes_included: bool
    lines: list[Charge]
    shipping: list[Charge]
    discounts: list[Discount] = field(default_factory=list)
    applications: list[Record] = field(default_factory=list)

    def price(self) -> None:
        """Allocate the discounts, then compute the taxes on what remains."""
        for charge, target in [(c, "LINE_ITEM") for c in self.lines] + [
            (c, "SHIPPING_LINE") for c in self.shipping
        ]:
            for discount in charge.discounts:
                index = self._applied(discount, target, is_across=False)
                charge.allocations.append((index, self._amount(discount, charge.net)))
        for discount in self.discounts:
            self._allocate(discount)
        for charge in [*self.lines, *self.shipping]:
            rates = sum((tax.rate for tax in charge.taxes), Decimal(0))
            charge.tax_amounts = [
                tax.amount or self._tax(charge.net, tax.rate, rates) for tax in charge.taxes
            ]
            for duty in charge.duties:
                # Duties are never within the prices, nor are taxes on them within a duty.
                duty.tax_amounts = [self.currencies.part(duty.price, tax.rate) for tax in duty.taxes]

    def _allocate(self, discount: Discount) -> None:
        index = self._applied(discount, "LINE_ITEM", is_across=True)
        nets = [ZERO if line.is_tip else line.net for line in self.lines]
        amount = self._amount(discount, total(nets))
        in_shop = shares(amount.shop, [n.shop for n in nets], self.currencies.shop)
        in_presentment = shares(
            amount.presentment, [n.presentment for n in nets], self.currencies.presentment
        )
        for line, shop_share, presentment_share in zip(self.lines, in_shop, in_presentment, strict=True):
            if shop_share or presentment_share:
                line.allocations.append((index, Pair(shop_share, presentment_share)))

    def _amount(self, discount: Discount, base: Pair) -> Pair:
        if discount.percent is not None:
            factor = discount.percent / 100
            return Pair(
                rounded(base.shop * factor, self.currencies.shop),
                rounded(base.presentment * factor, self.currencies.presentment),
            )
        amount = discount.amount or ZERO
        return Pair(min(amount.shop, base.shop), min(amount.presentment, base.presentment))

    def _tax(self, base: Pair, rate: Decimal, all_rates: Decimal) -> Pair:
        divisor = 1 + all_rates if self.taxes_included else Decimal(1)
        return Pair(
            rounded(base.shop * rate / divisor, self.currencies.shop),
            rounded(base.presentment * rate / divisor, self.currencies.presentment),
        )

    def _applied(self, discount: Discount, target: str, *, is_across: bool) -> int:
        value: Record
        if discount.percent is not None:
            value = {"__typename": "PricingPercentageValue", "percentage": float(discount.percent)}
        else:
            amount = (discount.amount or ZERO).presentment
            value = {"__typename": "MoneyV2", "amount": amount, "currencyCode": self.currencies.presentment}
        index = len(self.applications)
        application: Record = {
            "__typename": "DiscountCodeApplication" if discount.code else "ManualDiscountApplication",
            "index": index,
            "allocationMethod": "ACROSS" if is_across else "ONE",
            "targetSelection": "ALL" if is_across else "EXPLICIT",
            "targetType": target,
            "value": value,
            "title": discount.title,
            "description": discount.title,
            "code": discount.code,
        }
        self.applications.append(application)
        return index

    def totals(self) -> dict[str, Pair]:
        """The order's totals by the GraphQL names of their fields."""
        subtotal = total([line.net for line in self.lines if not line.is_tip])
        tip = total([line.net for line in self.lines if line.is_tip])
        shipping = total([charge.net for charge in self.shipping])
        duties = [duty for line in self.lines for duty in line.duties]
        duty = total([duty.price for duty in duties])
        import_tax = total([tax for duty in duties for tax in duty.tax_amounts])
        own_tax = total([charge.tax for charge in [*self.lines, *self.shipping]])
        tax = own_tax + import_tax
        across = {a["index"] for a in self.applications if a["allocationMethod"] == "ACROSS"}
        cart = total([amount for line in self.lines for index, amount in line.allocations if index in across])
        beside = import_tax + (ZERO if self.taxes_included else own_tax)
        whole = subtotal + shipping + tip + duty + beside
        discounts = total([charge.discounted for charge in [*self.lines, *self.shipping]])
        return {
            "subtotalPriceSet": subtotal,
            "totalDiscountsSet": discounts,
            "totalShippingPriceSet": total([charge.gross for charge in self.shipping]),
            "totalTaxSet": tax,
            "totalPriceSet": whole,
            "originalTotalPriceSet": whole,
            "cartDiscountAmountSet": cart,
            "currentCartDiscountAmountSet": cart,
            "currentSubtotalPriceSet": subtotal,
            "currentTotalDiscountsSet": discounts,
            "currentShippingPriceSet": shipping,
            "currentTotalTaxSet": tax,
            "currentTotalPriceSet": whole,
            "_lineItemsPriceSet": total([line.gross for line in self.lines if not line.is_tip]),
            "totalTipReceivedSet": tip,
            "_dutiesSet": duty,
        }
