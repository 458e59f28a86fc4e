"""Freight where the ERP owns shipping: a store's rules, the rate table, what was quoted, and how often it is asked."""

from __future__ import annotations

from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from hub.lib.money import minor_units, round_money
from hub.sync.encryption import EncryptedJSONField
from hub.sync.models import Connection
from hub.sync.tracking import noted

CURRENCY = RegexValidator(r"^[A-Z]{3}$", "Use the three capitals of a currency, as in EUR.")
METHOD = RegexValidator(r"^[!-~]{1,40}$", "Use 1 to 40 letters, digits and signs, without blanks.")
NOT_NEGATIVE = MinValueValidator(Decimal(0))
MOST_DAYS = 365


def check_price(price: Decimal | None, currency: str) -> dict[str, str]:
    """What is wrong with a price in this currency, by field; nothing where it can be paid exactly."""
    if price is None or price == round_money(price, currency):
        return {}
    return {"price": f"{currency} has {minor_units(currency)} decimals."}


class FreightPolicy(models.Model):
    """Who says what shipping costs in a store, and where the price is looked for."""

    class Owner(models.TextChoices):
        STORE = "store", "The store (its own rates and carriers)"
        ERP = "erp", "The ERP (Concord answers at the checkout)"

    class Sources(models.TextChoices):
        """The order in which sources are asked; the first that knows answers."""

        LIVE = "live", "Live call, then remembered, then rate table"
        REMEMBERED = "remembered", "Remembered if fresh, then live call, then rate table"
        TABLE = "table", "Rate table, then remembered if fresh, then live call"
        TABLE_ONLY = "table_only", "Rate table only"

    store = models.OneToOneField(Connection, on_delete=models.PROTECT, related_name="freight_policy")
    owner = models.CharField(max_length=5, choices=Owner.choices, default=Owner.STORE)
    sources = models.CharField(max_length=10, choices=Sources.choices, default=Sources.REMEMBERED)
    carrier_name = models.CharField(
        max_length=60,
        default="Freight",
        help_text="What the store calls this carrier in its shipping settings.",
    )
    endpoint_url = models.CharField(
        max_length=500,
        default="",
        blank=True,
        verbose_name="freight endpoint",
        help_text="Your own web service that knows the ERP's freight (docs/freight.md). Empty: the ERP itself is asked "
        "where its interface can, else there is no live call.",
    )
    secrets = EncryptedJSONField(default=dict, blank=True, editable=False)
    live_milliseconds = models.PositiveIntegerField(
        default=1500,
        validators=[MinValueValidator(100), MaxValueValidator(9000)],
        help_text="The longest that a live call may take. Never longer than the store waits.",
    )
    fresh_minutes = models.PositiveIntegerField(
        default=15, help_text="A remembered price is as good as a live one for so long."
    )
    usable_hours = models.PositiveIntegerField(
        default=48, help_text="Where no live call answers, a remembered price is used for so long."
    )
    serves_po_boxes = models.BooleanField(
        default=True,
        verbose_name="serves PO boxes",
        help_text="Off: no rates to a post-office box.",
    )
    last_method_code = models.CharField(
        max_length=40, default="", blank=True, validators=[METHOD], verbose_name="last resort: method code"
    )
    last_title = models.CharField(max_length=200, default="", blank=True, verbose_name="last resort: title")
    last_price = models.DecimalField(
        max_digits=20,
        decimal_places=6,
        null=True,
        blank=True,
        validators=[NOT_NEGATIVE],
        verbose_name="last resort: price",
        help_text="Offered where no source answers, so that nobody is kept from buying. Empty: nothing is.",
    )
    last_currency = models.CharField(
        max_length=3, default="", blank=True, validators=[CURRENCY], verbose_name="last resort: currency"
    )
    carrier_external_id = models.CharField(max_length=120, default="", blank=True, editable=False)

    class Meta:
        ordering = ["store"]
        verbose_name_plural = "freight policies"
        triggers = noted(unseen=["secrets", "carrier_external_id"])

    def __str__(self) -> str:
        return f"{self.store}: freight of the {self.get_owner_display().split(' (')[0].removeprefix('The ')}"

    @property
    def is_answered(self) -> bool:
        """Whether checkouts get their freight from here."""
        return self.owner == self.Owner.ERP

    def clean(self) -> None:
        """A last resort is said whole or not at all."""
        texts = (self.last_method_code, self.last_title, self.last_currency)
        said = [self.last_price is not None, *map(bool, texts)]
        if any(said) and not all(said):
            raise ValidationError(
                {"last_price": "A last resort needs price, currency, method code and title."}
            )
        if wrong := check_price(self.last_price, self.last_currency):
            raise ValidationError({"last_price": wrong["price"]})


class FreightRate(models.Model):
    """A row of the rate table: what a method costs to a place, for a weight and an order value from … below to."""

    store = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+", db_index=False)
    customer_number = models.CharField(
        max_length=60,
        default="",
        blank=True,
        help_text="The ERP customer whose contract this is; empty for everybody.",
    )
    country = models.CharField(
        max_length=2,
        default="",
        blank=True,
        validators=[RegexValidator(r"^[A-Z]{2}$", "Use the two capitals of a country, as in DE.")],
        help_text="Empty: everywhere.",
    )
    province = models.CharField(max_length=10, default="", blank=True, help_text="Its code, as in ON.")
    postal_from = models.CharField(
        max_length=12, default="", blank=True, help_text="A postal code or its beginning; empty: all."
    )
    postal_to = models.CharField(max_length=12, default="", blank=True, help_text="Included. Empty: as from.")
    weight_from = models.DecimalField(
        max_digits=12, decimal_places=3, default=Decimal(0), validators=[NOT_NEGATIVE], help_text="Kilograms."
    )
    weight_to = models.DecimalField(
        max_digits=12, decimal_places=3, null=True, blank=True, help_text="Not included. Empty: no limit."
    )
    value_from = models.DecimalField(
        max_digits=20,
        decimal_places=6,
        default=Decimal(0),
        validators=[NOT_NEGATIVE],
        help_text="Of the goods.",
    )
    value_to = models.DecimalField(
        max_digits=20, decimal_places=6, null=True, blank=True, help_text="Not included. Empty: no limit."
    )
    method_code = models.CharField(
        max_length=40, validators=[METHOD], help_text="The ERP's code of the shipping method."
    )
    currency = models.CharField(max_length=3, validators=[CURRENCY])
    price = models.DecimalField(max_digits=20, decimal_places=6, validators=[NOT_NEGATIVE])
    title = models.CharField(max_length=200, help_text="What the buyer reads.")
    description = models.CharField(max_length=200, default="", blank=True)
    parcel_weight = models.DecimalField(
        max_digits=12,
        decimal_places=3,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.001"))],
        help_text="What one parcel may weigh, in kilograms: the price is then for each parcel. Empty: for all of it.",
    )
    days_from = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(MOST_DAYS)],
        help_text="Days until delivery, at least.",
    )
    days_to = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(MOST_DAYS)],
        help_text="Days until delivery, at most.",
    )

    class Meta:
        ordering = ["store", "customer_number", "country", "postal_from", "method_code", "weight_from", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "store",
                    "customer_number",
                    "country",
                    "province",
                    "postal_from",
                    "postal_to",
                    "weight_from",
                    "value_from",
                    "method_code",
                    "currency",
                ],
                name="freight_rate_said_once",
            )
        ]
        triggers = noted("method_code", "country", "postal_from")

    def __str__(self) -> str:
        place = " ".join(filter(None, (self.country, self.province, self.postal_from))) or "everywhere"
        return f"{self.method_code} to {place}: {self.price.normalize():f} {self.currency}"

    def clean(self) -> None:
        """Ranges that hold something, and a price that can be paid."""
        if wrong := faults(self):
            raise ValidationError(wrong)


def faults(row: FreightRate) -> dict[str, str]:
    """What is wrong with a row as a whole, by field."""
    found = {}
    for least, below in (("weight_from", "weight_to"), ("value_from", "value_to")):
        end = getattr(row, below)
        if end is not None and end <= getattr(row, least):
            found[below] = "It must be above where the range begins."
    if row.days_from is not None and row.days_to is not None and row.days_to < row.days_from:
        found["days_to"] = "It must not be below the least."
    return found | check_price(row.price, row.currency)


class FreightQuote(models.Model):
    """A price that a checkout was offered. Remembered as an answer, and found again when the order comes.

    Amounts in `currency`, major units. `quoted_at` is when its source said it, `offered_at` when a buyer saw it last.
    Names and streets of people are not kept, only hashes of them (`orders.freight.keys`).
    """

    class Source(models.TextChoices):
        LIVE = "live", "live call"
        TABLE = "table", "rate table"
        LAST_RESORT = "last", "last resort"

    store = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+", db_index=False)
    question_key = models.CharField(max_length=32)
    destination_hash = models.CharField(max_length=32)
    lines_hash = models.CharField(max_length=32)
    customer_number = models.CharField(max_length=60, default="", blank=True)
    method_code = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    description = models.CharField(max_length=200, default="", blank=True)
    price = models.DecimalField(max_digits=20, decimal_places=6)
    currency = models.CharField(max_length=3)
    days_from = models.PositiveIntegerField(null=True)
    days_to = models.PositiveIntegerField(null=True)
    source = models.CharField(max_length=5, choices=Source.choices)
    quoted_at = models.DateTimeField()
    first_offered_at = models.DateTimeField(db_default=Now())
    offered_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["store", "question_key", "method_code", "price", "currency"],
                name="freight_quoted_once",
            )
        ]
        indexes = [
            models.Index(
                fields=["store", "method_code", "destination_hash"], name="freight_quote_destination"
            ),
            models.Index(fields=["store", "method_code", "lines_hash"], name="freight_quote_lines"),
            models.Index(fields=["offered_at"], name="freight_quote_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.title}: {self.price.normalize():f} {self.currency}"


class FreightTraffic(models.Model):
    """How often a store asked in one minute (UTC), and how many of its requests were not signed by it."""

    store = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+", db_index=False)
    minute = models.DateTimeField()
    requests = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-minute"]
        constraints = [
            models.UniqueConstraint(fields=["store", "minute"], name="freight_traffic_counted_once")
        ]
        indexes = [
            models.Index(fields=["minute"], condition=Q(refused__gt=0), name="freight_traffic_refused")
        ]

    def __str__(self) -> str:
        return f"{self.minute:%H:%M}: {self.requests}"
