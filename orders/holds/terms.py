"""What a hold rule is made of: its conditions, the facts that they ask for, and what they find. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from hub.connectors.documents import PlacedOrder
from hub.connectors.metafields import RECOMMENDS, RISK_LEVEL, RISKS, Metafield
from hub.lib.hashing import content_hash
from orders.order_fields import METAFIELD, source_label

CODE = "hold_"
"""What the review code of a rule begins with; the rule's key follows, so that each is approved by itself."""


class Kind(StrEnum):
    """What a condition looks at."""

    EVERY = "every"
    WORDS = "words"
    AMOUNT = "amount"
    COMPANY = "company"
    LOCATION = "location"
    DATE = "date"
    FIRST_ORDER = "first_order"
    SKU = "sku"
    VALUE = "value"
    RISK = "risk"


class Operator(StrEnum):
    """How it compares."""

    ABOVE = "above"
    BELOW = "below"
    IS = "is"
    IS_NOT = "is_not"
    BEGINS = "begins"
    CONTAINS = "contains"
    BEFORE = "before"
    AFTER = "after"
    WITHIN = "within"
    PRESENT = "present"
    MISSING = "missing"
    AT_LEAST = "at_least"


NOTE, ATTRIBUTES, PROPERTIES, PROPERTY = "note", "attributes", "properties", "property"
"""Where words are looked for beside a single attribute, order field or metafield; `PROPERTY` is one of a line's."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of a rule. Texts are as a person wrote them; several values are separated by commas."""

    kind: str
    source: str = ""
    key: str = ""
    operator: str = ""
    value: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with its conditions. `until` is when it lets go by itself, `is_held_in_erp` where the order waits."""

    code: str
    name: str
    is_any: bool
    conditions: tuple[Condition, ...]
    until: str = "approved"
    is_held_in_erp: bool = False


UNTIL_APPROVED, UNTIL_AUTHORISED, UNTIL_PAID = "approved", "authorised", "paid"


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules may ask of an order beside the order itself. `today` is by the store's clock."""

    order: PlacedOrder
    today: date
    time_zone: str
    company_names: tuple[str, ...] = ()
    """The names and ids that people know the company by."""
    location_names: tuple[str, ...] = ()
    is_first_of_location: bool = False
    """Whether no order of the company location that was placed before is in an ERP."""
    metafields: Mapping[str, Metafield | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A condition that is met, and what of the order met it."""

    condition: str
    text: str
    is_awaited: bool = False
    """Whether the store has yet to say what the condition asks for."""

    def __str__(self) -> str:
        return f"{self.condition} ({self.text})" if self.text else self.condition


@dataclass(frozen=True, slots=True)
class Hold:
    """A rule that holds an order, with what it found."""

    rule: Rule
    findings: tuple[Finding, ...]

    @property
    def is_awaited(self) -> bool:
        """Whether the rule may let the order go once the store has said what it has yet to say."""
        awaited = [one.is_awaited for one in self.findings]
        return all(awaited) if self.rule.is_any else any(awaited)

    def shown(self, order_hash: str) -> str:
        """What an approval holds for: this content of the order, and these findings of the rule."""
        found = [[one.condition, one.text] for one in self.findings]
        return content_hash([order_hash, self.rule.code, found])


OPERATOR_LABELS: Mapping[str, str] = {
    Operator.ABOVE: "above",
    Operator.BELOW: "below",
    Operator.IS: "is",
    Operator.IS_NOT: "is not",
    Operator.BEGINS: "begins with",
    Operator.CONTAINS: "contains the words",
    Operator.BEFORE: "is before",
    Operator.AFTER: "is after",
    Operator.WITHIN: "is at most so many days away:",
    Operator.PRESENT: "has a value",
    Operator.MISSING: "has no value",
    Operator.AT_LEAST: "is at least",
}
_PLACES = {
    "": "note, attributes or line properties",
    NOTE: "the note",
    ATTRIBUTES: "attributes",
    PROPERTIES: "line properties",
}
RISK_LABELS: Mapping[str, str] = {
    RECOMMENDS: "the store's recommendation about risk",
    RISK_LEVEL: "the highest risk level",
}
_SUBJECTS: Mapping[str, str] = {
    Kind.AMOUNT: "the total",
    Kind.COMPANY: "the company",
    Kind.LOCATION: "the company location",
    Kind.SKU: "a SKU",
}


def described(condition: Condition) -> str:
    """The condition as people say it."""
    if condition.kind == Kind.EVERY:
        return "every order"
    if condition.kind == Kind.FIRST_ORDER:
        return "the first order of the company location"
    if condition.kind == Kind.WORDS:
        return f"the words {condition.value!r} in {_PLACES.get(condition.source, condition.source)}"
    compares = OPERATOR_LABELS.get(condition.operator, "")
    parts = (
        _SUBJECTS.get(condition.kind) or place_label(condition),
        compares,
        condition.value,
        condition.currency,
    )
    return " ".join(part for part in parts if part)


def place_label(condition: Condition) -> str:
    """What people call the place of a value."""
    if condition.source in RISK_LABELS:
        return RISK_LABELS[condition.source]
    if condition.source == PROPERTY:
        return f"Line property “{condition.key}”"
    return source_label(condition.source, condition.key)


def metafields_asked(rules: Iterable[Rule]) -> set[str]:
    """The names of the metafields that these rules look at, and of what they ask about the order's risk."""
    return {
        one.key if one.source == METAFIELD else one.source
        for rule in rules
        for one in rule.conditions
        if one.source == METAFIELD or one.source in RISKS
    }
