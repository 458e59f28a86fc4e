"""Rows of every model, made from its fields alone, so that a new model and its page need no rows of their own."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django_q.models import Success

from hub.sync.models import Connection, Erp, Store
from orders.models import InspectedLine, StoreOrder
from tests.admin.rows import SIMPLE

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
CONNECTIONS = 60
"""More of a side than a page shows; each page with a choice of connections lists all of them."""
SYSTEMS = {"store": "shopify", "erp": "business_central"}
BY_TYPE = (
    (models.UUIDField, lambda field, n: uuid.UUID(int=n)),
    (models.GenericIPAddressField, lambda field, n: f"10.0.{n // 250}.{n % 250}"),
    (ArrayField, lambda field, n: []),
    ((models.CharField, models.TextField), lambda field, n: str(n)),
    (models.BooleanField, lambda field, n: True),
    (models.IntegerField, lambda field, n: n),
    (models.FloatField, lambda field, n: float(n)),
    (models.DecimalField, lambda field, n: Decimal(n) / 1000),
    (models.DateTimeField, lambda field, n: NOW + timedelta(minutes=n)),
    (models.DateField, lambda field, n: NOW.date() + timedelta(days=n)),
    (models.JSONField, lambda field, n: {"number": n}),
    (models.BinaryField, lambda field, n: b"{}"),
)


class Rows:
    """Fills tables up; `fill` may be asked for more later.

    There are never more than CONNECTIONS of a side, nor more of what each of them has once.
    """

    def __init__(self):
        self.known = {}

    def fill(self, model, count):
        """At least so many rows of the model, and of what they point to; returns them in the order of their keys."""
        if model in (Store, Erp):
            return self._connections(model, count)
        if model is Connection:
            return [*self._connections(Store, count), *self._connections(Erp, count)]
        first = model._default_manager.count()
        if first < count and model is not StoreOrder:
            # What is about a record is about an order.
            self.fill(StoreOrder, count)
        if first < count:
            # Rows that are made by and by point to others one by one: both sides of "once" hold.
            targets = {field: self._targets(model, field, count) for field in _pointing(model)}
            most = min([count, *(len(rows) for field, rows in targets.items() if field.unique)])
            made = [self._row(model, n, targets) for n in range(first, most)]
            model._default_manager.bulk_create(made)
        if model not in self.known or len(self.known[model]) < count:
            self.known[model] = list(model._default_manager.order_by("pk"))
        return self.known[model]

    def _targets(self, model, field, count):
        if field.related_model is Connection:
            # Many connections only where each, or each pair of them, may be pointed to once.
            side = Erp if field.name == "erp" else Store
            return self.fill(side, count if field.unique or _is_once_a_pair(model, field) else 1)
        return self.fill(field.related_model, count)

    def _connections(self, model, count):
        side = model.__name__.lower()
        count = min(count, CONNECTIONS)
        first = model.objects.count()
        Connection.objects.bulk_create(
            Connection(
                side=side,
                system=SYSTEMS[side],
                name=f"{side} {n}",
                code=f"{side[0].upper()}{n:03}",
                config={},
                secrets={},
                credential=f"{side}:{n}",
                changed_at=NOW,
            )
            for n in range(first, count)
        )
        return list(model.objects.order_by("pk"))

    def _row(self, model, n, targets):
        values = {field.name: _one_of(rows, n, field) for field, rows in targets.items()}
        for field in model._meta.concrete_fields:
            if field.name not in values and not _fills_itself(field):
                values[field.name] = self._value(field, n)
        if model is StoreOrder and n == 0:
            # The one whose page is opened.
            values["document"] = msgspec.to_builtins(SIMPLE.order)
        if model is InspectedLine:
            # Together they may not be more than there are pieces.
            values |= dict.fromkeys(InspectedLine.COUNTS, 0)
        if issubclass(model, Success.__mro__[1]):
            values |= {"id": f"{model.__name__}{n}"[:32], "success": model is Success}
        return model(**values)

    def _value(self, field, n):
        if field.name == "record_id":
            return self.known[StoreOrder][n].pk
        if field.name == "subject":
            # Everything is about one order: its page shows all of it.
            return f"order:{self.known[StoreOrder][0].pk}"
        if field.choices:
            # Where it is unique together with a row that is pointed to, each round takes the next one.
            values = [value for value, _ in field.flatchoices]
            return values[n // CONNECTIONS % len(values) if _is_once_with(field) else 0]
        made = next((make(field, n) for kind, make in BY_TYPE if isinstance(field, kind)), None)
        assert made is not None, f"say in BY_TYPE what a {type(field).__name__} holds: {field}"
        return made[: field.max_length] if isinstance(made, str) else made


def _one_of(rows, n, field):
    # Each store with another ERP in each round, so that no pair comes twice.
    return rows[(n + (n // len(rows) if field.name == "erp" else 0)) % len(rows)]


def _is_once_a_pair(model, field):
    names = {other.name for other in _pointing(model) if other.related_model is Connection}
    fields = (constraint.fields for constraint in model._meta.constraints if hasattr(constraint, "fields"))
    return any(field.name in group and names.issuperset(group) for group in fields)


def _is_once_with(field):
    constraints = field.model._meta.constraints
    return any(field.name in getattr(constraint, "fields", ()) for constraint in constraints)


def _pointing(model):
    return [field for field in model._meta.concrete_fields if field.is_relation and not field.null]


def _fills_itself(field):
    """Keys, what has a value from the database, and what may be empty and is of no plain kind."""
    is_key = field.primary_key and isinstance(field, models.AutoField)
    is_plain = any(isinstance(field, kind) for kind, _ in BY_TYPE)
    return is_key or field.has_db_default() or (field.null and not is_plain)
