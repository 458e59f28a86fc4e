"""What a person may write into a condition, and what is wrong with it in plain words. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from hub.connectors.metafields import RISKS, is_metafield_name
from orders.holds.terms import (
    ATTRIBUTES,
    NOTE,
    OPERATOR_LABELS,
    PROPERTIES,
    PROPERTY,
    RISK_LABELS,
    Condition,
    Kind,
    Operator,
)
from orders.holds.text import amount_of, date_of, days_of, folded, listed, words_of
from orders.order_fields import ATTRIBUTE, FIELD, METAFIELD, ORDER_FIELDS, key_of

_IS = (Operator.IS, Operator.IS_NOT)
OPERATORS: Mapping[str, tuple[Operator, ...]] = {
    Kind.AMOUNT: (Operator.ABOVE, Operator.BELOW),
    Kind.COMPANY: _IS,
    Kind.LOCATION: _IS,
    Kind.DATE: (Operator.BEFORE, Operator.AFTER, Operator.WITHIN),
    Kind.SKU: (Operator.IS, Operator.BEGINS),
    Kind.VALUE: (*_IS, Operator.BEGINS, Operator.CONTAINS, Operator.PRESENT, Operator.MISSING),
    Kind.RISK: (Operator.AT_LEAST, *_IS),
}
"""What each kind compares by; the others need nothing."""
_ONE_PLACE = (ATTRIBUTE, PROPERTY, FIELD, METAFIELD)
PLACES: Mapping[str, tuple[str, ...]] = {
    Kind.WORDS: ("", NOTE, ATTRIBUTES, PROPERTIES),
    Kind.DATE: _ONE_PLACE,
    Kind.VALUE: _ONE_PLACE,
    Kind.RISK: tuple(RISKS),
}
"""Where each kind looks; the others look at one thing only."""
_WITHOUT_VALUE = (Kind.EVERY, Kind.FIRST_ORDER)
PLACE_LABELS = {
    NOTE: "the note",
    ATTRIBUTES: "all attributes",
    PROPERTIES: "all line properties",
    ATTRIBUTE: "one attribute",
    PROPERTY: "one line property",
    FIELD: "one order field",
    METAFIELD: "one metafield",
    **RISK_LABELS,
}


def faults(condition: Condition) -> dict[str, str]:
    """What is wrong, by field; empty where the condition can be used."""
    if condition.kind not in list(Kind):
        return {"kind": "Choose what the condition looks at."}
    found = {
        "source": _place_fault(condition),
        "key": _key_fault(condition),
        "operator": _operator_fault(condition),
        "value": _value_fault(condition),
        "currency": _currency_fault(condition),
    }
    return {name: words for name, words in found.items() if words}


def _place_fault(condition: Condition) -> str:
    places = PLACES.get(condition.kind, ("",))
    if condition.source in places:
        return ""
    if places == ("",):
        return "Leave it empty: this condition looks at one thing only."
    return f"Choose one of: {', '.join(PLACE_LABELS.get(place, 'everywhere') for place in places)}."


def _key_fault(condition: Condition) -> str:
    """Faults of the place are told there."""
    key = condition.key
    if condition.source not in _ONE_PLACE or condition.source not in PLACES.get(condition.kind, ()):
        return (
            "Leave it empty: only one attribute, line property, order field or metafield has a name."
            if key
            else ""
        )
    if condition.source == FIELD and key not in ORDER_FIELDS:
        return f"{key!r} is no field of an order. Fields are: {', '.join(ORDER_FIELDS)}."
    if condition.source == METAFIELD and not is_metafield_name(key):
        return "Write it as namespace.key, for instance custom.delivery_date."
    if condition.source in (ATTRIBUTE, PROPERTY) and (not key or key != key_of(key)):
        return f"Write it as {key_of(key)!r}." if key_of(key) else "Write its name as it is in the store."
    return ""


def _operator_fault(condition: Condition) -> str:
    allowed = OPERATORS.get(condition.kind, ())
    if condition.operator in (allowed or ("",)):
        return ""
    if not allowed:
        return "Leave it empty: there is nothing to compare."
    return f"Choose one of: {', '.join(OPERATOR_LABELS[operator] for operator in allowed)}."


def _value_fault(condition: Condition) -> str:
    value = condition.value.strip()
    if condition.kind in _WITHOUT_VALUE or condition.operator in (Operator.PRESENT, Operator.MISSING):
        return "Leave it empty: there is nothing to compare with." if value else ""
    if condition.kind == Kind.AMOUNT:
        amount = amount_of(value)
        return "" if amount is not None and amount >= 0 else "Write an amount such as 10000 or 99.50."
    if condition.kind == Kind.DATE:
        return _day_fault(condition.operator, value)
    if condition.kind == Kind.RISK:
        return _risk_fault(condition, value)
    return _list_fault(condition, value)


def _day_fault(operator: str, value: str) -> str:
    if operator == Operator.WITHIN:
        return "" if days_of(value) is not None else "Write a number of days, from 0 to 999."
    return "" if date_of(value) else "Write a date as 2026-12-31."


def _risk_fault(condition: Condition, value: str) -> str:
    """Faults of the place are told there."""
    words = RISKS.get(condition.source, ())
    values = [folded(one) for one in listed(value)]
    if not words or (values and set(values) <= set(words)):
        is_list = condition.operator == Operator.AT_LEAST and len(values) > 1
        return "Write one word: it and all that is worse is met." if is_list else ""
    return f"Write one of: {', '.join(words)}."


def _list_fault(condition: Condition, value: str) -> str:
    values = listed(value)
    if not values:
        return "Write what to look for; several are separated by commas."
    is_words = condition.kind == Kind.WORDS or condition.operator == Operator.CONTAINS
    wordless = [one for one in values if not words_of(one)] if is_words else []
    return f"{wordless[0]!r} has no letter or digit to look for." if wordless else ""


def _currency_fault(condition: Condition) -> str:
    currency = condition.currency
    if condition.kind != Kind.AMOUNT:
        return "Leave it empty: only amounts have a currency." if currency else ""
    is_code = len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()
    return "" if is_code else "Write the currency's code in capitals, such as EUR."
