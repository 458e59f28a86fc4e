"""Which orders a rule holds, and why: a pure function of the order, facts about it, and the rule.

Every condition has an answer for every order, and each answer names the condition and the text that met it. There are
no patterns to write, so that no text of a person can be wrong as one. No models, no network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

from hub.connectors.documents import Attribute
from hub.connectors.metafields import RISKS
from orders.holds.terms import (
    ATTRIBUTES,
    NOTE,
    PROPERTIES,
    PROPERTY,
    UNTIL_AUTHORISED,
    UNTIL_PAID,
    Condition,
    Facts,
    Finding,
    Hold,
    Kind,
    Operator,
    Rule,
    described,
)
from orders.holds.text import amount_of, contains, cut, date_of, days_of, folded, listed, said, words_of
from orders.order_fields import (
    ATTRIBUTE,
    FIELD,
    METAFIELD,
    ORDER_FIELDS,
    key_of,
    metafield_text,
    source_label,
)

# The store's words (Shopify's displayFinancialStatus in small letters). What was paid back in part was paid.
_PAID = frozenset({"paid", "partially_refunded"})
NOT_ASSESSED = "the store has not assessed it yet"
_LETS_GO: Mapping[str, frozenset[str]] = {
    UNTIL_PAID: _PAID,
    UNTIL_AUTHORISED: _PAID | {"authorized"},
}


def holds(rules: Iterable[Rule], facts: Facts) -> list[Hold]:
    """The rules that hold this order now, in their order."""
    return [
        Hold(rule, found)
        for rule in rules
        if facts.order.financial_status not in _LETS_GO.get(rule.until, ())
        and (found := findings(rule, facts))
    ]


def findings(rule: Rule, facts: Facts) -> tuple[Finding, ...]:
    """What of the order meets the rule, in an order of its own; empty where the rule does not.

    A rule without conditions holds nothing.
    """
    found = [
        _MET[condition.kind](condition, facts) for condition in rule.conditions if condition.kind in _MET
    ]
    met = sorted(one for one in found if one is not None)
    is_met = bool(met) and (rule.is_any or len(met) == len(rule.conditions))
    return tuple(met) if is_met else ()


# -------------------------------------------------------------------------------------------- where to look


def _texts(source: str, key: str, facts: Facts) -> Iterator[tuple[str, str]]:
    """The texts there, each with what people call its place; blank ones are left out."""
    for label, text in _READ[source](key, facts) if source in _READ else ():
        if text.strip():
            yield label, text


def _all_texts(key: str, facts: Facts) -> Iterator[tuple[str, str]]:
    for source in (NOTE, ATTRIBUTES, PROPERTIES):
        yield from _texts(source, "", facts)


def _note(key: str, facts: Facts) -> Iterator[tuple[str, str]]:
    yield "Note", facts.order.note


def _attributes(key: str, facts: Facts) -> Iterator[tuple[str, str]]:
    """All of them, or those with this name; what an app keeps there for itself only by its name."""
    yield from _named("Attribute", key, facts.order.attributes)


def _properties(key: str, facts: Facts) -> Iterator[tuple[str, str]]:
    for line in facts.order.lines:
        if line.current_quantity > 0:
            yield from _named(line.sku or line.title, key, line.attributes)


def _named(label: str, key: str, attributes: Iterable[Attribute]) -> Iterator[tuple[str, str]]:
    for attribute in attributes:
        name = key_of(attribute.key)
        if name == key if key else not attribute.key.startswith("_"):
            yield f"{label} “{attribute.key}”", attribute.value


def _field(key: str, facts: Facts) -> Iterator[tuple[str, str]]:
    if key in ORDER_FIELDS:
        yield ORDER_FIELDS[key].label, ORDER_FIELDS[key].read(facts.order)


def _metafield(key: str, facts: Facts) -> Iterator[tuple[str, str]]:
    held = facts.metafields.get(key)
    if held is not None:
        yield source_label(METAFIELD, key), metafield_text(held, facts.time_zone)


_READ: Mapping[str, Callable[[str, Facts], Iterator[tuple[str, str]]]] = {
    "": _all_texts,
    NOTE: _note,
    ATTRIBUTES: _attributes,
    PROPERTIES: _properties,
    ATTRIBUTE: _attributes,
    PROPERTY: _properties,
    FIELD: _field,
    METAFIELD: _metafield,
}

# ----------------------------------------------------------------------------------------------- conditions


def _words_found(condition: Condition, texts: Iterable[tuple[str, str]]) -> Finding | None:
    phrases = [words_of(phrase) for phrase in listed(condition.value)]
    met = [
        (label, text)
        for label, text in texts
        if (words := words_of(text)) and any(contains(words, phrase) for phrase in phrases)
    ]
    return Finding(described(condition), said(met)) if met else None


def _every(condition: Condition, facts: Facts) -> Finding | None:
    return Finding(described(condition), "")


def _words(condition: Condition, facts: Facts) -> Finding | None:
    return _words_found(condition, _texts(condition.source, condition.key, facts))


def _amount(condition: Condition, facts: Facts) -> Finding | None:
    """By the order's total after edits; an order in neither of its currencies does not meet it."""
    total = facts.order.current_total
    amount = next(
        (one for one in (total.shop, total.presentment) if one.currency == condition.currency), None
    )
    limit = amount_of(condition.value)
    if amount is None or limit is None:
        return None
    is_met = amount.amount > limit if condition.operator == Operator.ABOVE else amount.amount < limit
    return Finding(described(condition), f"{amount.amount:f} {amount.currency}") if is_met else None


def _company(condition: Condition, facts: Facts) -> Finding | None:
    return _one_of(condition, facts.company_names)


def _location(condition: Condition, facts: Facts) -> Finding | None:
    return _one_of(condition, facts.location_names)


def _one_of(condition: Condition, names: Sequence[str]) -> Finding | None:
    known = [name for name in names if name.strip()]
    wanted = {folded(value) for value in listed(condition.value)}
    is_one = any(folded(name) in wanted for name in known)
    is_met = bool(known) and (is_one if condition.operator == Operator.IS else not is_one)
    return Finding(described(condition), cut(known[0])) if is_met else None


def _date(condition: Condition, facts: Facts) -> Finding | None:
    """What cannot be read as a date meets the condition: a person must look at it."""
    texts = list(_texts(condition.source, condition.key, facts))
    met = [one for one in texts if _is_date_met(condition, one[1], facts.today)]
    return Finding(described(condition), said(met)) if met else None


def _is_date_met(condition: Condition, text: str, today: date) -> bool:
    asked = date_of(text)
    if asked is None:
        return True
    if condition.operator == Operator.WITHIN:
        days = days_of(condition.value)
        return days is not None and asked <= today + timedelta(days=days)
    limit = date_of(condition.value)
    if limit is None:
        return False
    return asked < limit if condition.operator == Operator.BEFORE else asked > limit


def _first_order(condition: Condition, facts: Facts) -> Finding | None:
    return Finding(described(condition), "") if facts.is_first_of_location else None


def _sku(condition: Condition, facts: Facts) -> Finding | None:
    wanted = tuple(folded(value) for value in listed(condition.value))
    skus = dict.fromkeys(line.sku for line in facts.order.lines if line.sku and line.current_quantity > 0)
    met = [("SKU", sku) for sku in skus if _fits(condition.operator, folded(sku), wanted)]
    return Finding(described(condition), said(met)) if met else None


def _fits(operator: str, text: str, wanted: tuple[str, ...]) -> bool:
    return text.startswith(wanted) if operator == Operator.BEGINS else text in wanted


def _value(condition: Condition, facts: Facts) -> Finding | None:
    texts = list(_texts(condition.source, condition.key, facts))
    if condition.operator == Operator.CONTAINS:
        return _words_found(condition, texts)
    if condition.operator in (Operator.PRESENT, Operator.MISSING):
        is_met = bool(texts) is (condition.operator == Operator.PRESENT)
        return Finding(described(condition), said(texts)) if is_met else None
    wanted = tuple(folded(value) for value in listed(condition.value))
    equal = [one for one in texts if _fits(condition.operator, folded(one[1]), wanted)]
    if condition.operator == Operator.IS_NOT:
        return Finding(described(condition), said(texts)) if texts and not equal else None
    return Finding(described(condition), said(equal)) if equal else None


def _risk(condition: Condition, facts: Facts) -> Finding | None:
    """By the store's own words. Until it has said them the condition is met: no risky order goes by unseen."""
    held = facts.metafields.get(condition.source)
    if held is None:
        return None
    if not held.text:
        return Finding(described(condition), NOT_ASSESSED, is_awaited=True)
    wanted = [folded(value) for value in listed(condition.value)]
    if condition.operator == Operator.AT_LEAST:
        words = RISKS[condition.source]
        is_met = held.text in words[words.index(wanted[0]) :]
    else:
        is_met = (held.text in wanted) is (condition.operator == Operator.IS)
    return Finding(described(condition), held.text) if is_met else None


_MET: Mapping[str, Callable[[Condition, Facts], Finding | None]] = {
    Kind.EVERY: _every,
    Kind.WORDS: _words,
    Kind.AMOUNT: _amount,
    Kind.COMPANY: _company,
    Kind.LOCATION: _location,
    Kind.DATE: _date,
    Kind.FIRST_ORDER: _first_order,
    Kind.SKU: _sku,
    Kind.VALUE: _value,
    Kind.RISK: _risk,
}
