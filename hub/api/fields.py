"""How values are written: money as text with its currency, our ids as text, times in UTC with a Z."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from hub.lib.money import Money, minor_units
from hub.sync.models import Connection

# Columns of a connection that no answer needs: credentials are not even read.
SECRET = ("config", "secrets")
OF_A_CONNECTION = tuple(f"connection__{name}" for name in SECRET)
# Named for the description of the API.
ConnectionSide = Connection.Side


def amount_text(amount: Decimal, currency: str) -> str:
    """The amount in major units, exactly, with at least the currency's decimals: 12.5 EUR is "12.50"."""
    places = max(minor_units(currency), -int(amount.normalize().as_tuple().exponent))
    return f"{amount:.{places}f}"


@extend_schema_serializer(component_name="Money")
class MoneyField(serializers.Serializer[Any]):
    """An amount in major units of its currency (ISO 4217). Text, because numbers in JSON are not exact."""

    amount = serializers.RegexField(r"^-?[0-9]+(\.[0-9]+)?$")
    currency = serializers.CharField(max_length=3)

    def to_representation(self, instance: Money) -> dict[str, str]:
        return money_text(instance.amount, instance.currency)


def money_text(amount: Decimal, currency: str) -> dict[str, str]:
    """An amount in major units as it is written out."""
    return {"amount": amount_text(amount, currency), "currency": currency}


class IdField(serializers.CharField):
    """One of our ids: a number, written as text, for JavaScript cannot hold it exactly."""

    def to_representation(self, value: Any) -> str:
        return str(value)


class ConnectionSerializer(serializers.Serializer[Connection]):
    """A connection, for short."""

    id = serializers.UUIDField(source="public_id")
    side = serializers.ChoiceField(ConnectionSide.choices)
    code = serializers.CharField()
    name = serializers.CharField()
