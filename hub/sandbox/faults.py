"""Scripted faults: which request or webhook meets which fault, decided by a seed and never by timing.

A decision is a hash of (seed, rule, system, operation, key, how many times this key was seen). The key is
what the system says tells requests apart (an order's reference); without one, the count alone decides. So
the same seed injects the same faults into the same requests even when they arrive in another order. Rules
by `nth`, `first` and `times` count requests in the order of arrival.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any

LOG_LENGTH = 100_000

# What each kind of fault may be told. Seconds are seconds; see the docstring of hub.sandbox.server for the
# effects.
REQUEST_KINDS: dict[str, frozenset[str]] = {
    "latency": frozenset({"seconds", "jitter", "where"}),
    "status": frozenset({"status", "retry_after", "http_date"}),
    "throttled": frozenset({"seconds"}),
    "expired_token": frozenset(),
    "drop_before": frozenset({"how"}),
    "commit_then_drop": frozenset({"how"}),
    "commit_then_500": frozenset({"status"}),
    "truncate": frozenset({"keep"}),
    "html": frozenset({"commit", "status"}),
    "slow_drip": frozenset({"interval"}),
    "unknown_fields": frozenset(),
    "late_commit": frozenset({"seconds", "how"}),
    "lagging_lookup": frozenset({"seconds"}),
    "down": frozenset({"from", "for", "mode"}),
}
WEBHOOK_KINDS: dict[str, frozenset[str]] = {
    "lose_webhook": frozenset(),
    "duplicate_webhook": frozenset({"copies", "seconds"}),
    "delay_webhook": frozenset({"seconds"}),
    "reorder_webhook": frozenset({"seconds"}),
}
KINDS = REQUEST_KINDS | WEBHOOK_KINDS
MATCHERS = frozenset({"id", "kind", "system", "name", "operation", "probability", "nth", "first", "times"})
CHOICES = {"how": ("close", "reset"), "where": ("before", "after"), "mode": ("drop", "503")}
STATUSES = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Rule:
    """One fault and whom it meets. `system` is "erp", "store" or "*"; `name` and `operation` are globs."""

    id: str
    kind: str
    system: str = "*"
    name: str = "*"
    operation: str = "*"
    probability: float | None = None
    nth: tuple[int, ...] = ()
    first: int | None = None
    times: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def concerns(self, system: str, name: str, operation: str) -> bool:
        """Whether the rule speaks of this operation of this system."""
        return (
            self.system in ("*", system)
            and fnmatchcase(name, self.name)
            and fnmatchcase(operation, self.operation)
        )

    def number(self, parameter: str, default: float) -> float:
        """A numeric parameter, most often seconds."""
        return float(self.parameters.get(parameter, default))


@dataclass(frozen=True, slots=True)
class Subject:
    """The request or webhook that is judged; `number` counts from 1 per operation and system."""

    system: str
    name: str
    operation: str
    key: str
    number: int


class Faults:
    """The rules in force, what they counted so far, and the log of every fault injected."""

    def __init__(self) -> None:
        self.set({"rules": []})

    def set(self, data: object) -> None:
        """Replace seed and rules, and forget counts and log; raises ValueError in plain words."""
        seed, rules = parse_rules(data)
        self.seed = seed
        self.rules = rules
        self.set_at = time.monotonic()
        self.numbers: Counter[tuple[str, str, str]] = Counter()
        self.occurrences: Counter[tuple[str, ...]] = Counter()
        self.injected: Counter[str] = Counter()
        self.log: deque[dict[str, Any]] = deque(maxlen=LOG_LENGTH)

    def for_request(self, system: str, name: str, operation: str, key: str) -> list[Rule]:
        """The rules that hit this request, in their order."""
        return self._judge(REQUEST_KINDS, system, name, operation, key)

    def for_webhook(self, system: str, name: str, topic: str, key: str) -> list[Rule]:
        """The rules that hit this webhook, in their order."""
        return self._judge(WEBHOOK_KINDS, system, name, topic, key)

    def describe(self) -> dict[str, Any]:
        """Rules, counts and log, JSON-ready."""
        return {
            "seed": self.seed,
            "rules": [asdict(rule) for rule in self.rules],
            "injected": dict(self.injected),
            "log": list(self.log),
        }

    def _judge(
        self, kinds: Mapping[str, frozenset[str]], system: str, name: str, operation: str, key: str
    ) -> list[Rule]:
        if not self.rules:
            return []
        self.numbers[system, name, operation] += 1
        subject = Subject(system, name, operation, key, self.numbers[system, name, operation])
        hits = [rule for rule in self.rules if rule.kind in kinds and self._hits(rule, subject)]
        for rule in hits:
            self._remember(rule, subject)
        return hits

    def _hits(self, rule: Rule, subject: Subject) -> bool:
        if not rule.concerns(subject.system, subject.name, subject.operation):
            return False
        if rule.times is not None and self.injected[rule.id] >= rule.times:
            return False
        return self._is_due(rule) and self._is_chosen(rule, subject)

    def _is_due(self, rule: Rule) -> bool:
        if rule.kind != "down":
            return True
        since = time.monotonic() - self.set_at - rule.number("from", 0.0)
        return 0 <= since < rule.number("for", float("inf"))

    def _is_chosen(self, rule: Rule, subject: Subject) -> bool:
        if rule.nth:
            return subject.number in rule.nth
        if rule.first is not None:
            return subject.number <= rule.first
        if rule.probability is None:
            return True
        return self._fraction(rule, subject) < rule.probability

    def _fraction(self, rule: Rule, subject: Subject) -> float:
        """A number in [0, 1) that depends on nothing but the seed, the rule and the request."""
        what = (rule.id, subject.system, subject.name, subject.operation, subject.key)
        self.occurrences[what] += 1
        text = "\x1f".join((str(self.seed), *what, str(self.occurrences[what])))
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return int.from_bytes(digest, "big") / 2**64

    def _remember(self, rule: Rule, subject: Subject) -> None:
        self.injected[rule.id] += 1
        what = (rule.id, subject.system, subject.name, subject.operation, subject.key)
        self.log.append(
            {
                "time": time.time(),
                "rule": rule.id,
                "kind": rule.kind,
                **asdict(subject),
                # 0 where the rule does not count by key.
                "occurrence": self.occurrences[what],
            }
        )


def parse_rules(data: object) -> tuple[int | str, list[Rule]]:
    """Seed and rules from a control body {"seed", "rules": […]}; raises ValueError in plain words."""
    if not isinstance(data, dict) or not isinstance(data.get("rules"), list):
        raise ValueError('expected {"seed": 1, "rules": [{"kind": …}]}')
    seed = data.get("seed", 0)
    if not isinstance(seed, int | str):
        raise ValueError("seed must be a whole number or a text")
    rules = [_rule(entry, position) for position, entry in enumerate(data["rules"], start=1)]
    ids = Counter(rule.id for rule in rules)
    twice = sorted(rule_id for rule_id, count in ids.items() if count > 1)
    if twice:
        raise ValueError(f"rule ids must differ, these come twice: {', '.join(twice)}")
    return seed, rules


def _rule(entry: object, position: int) -> Rule:
    if not isinstance(entry, dict):
        raise ValueError(f"rule {position} is not an object")
    kind = entry.get("kind")
    if kind not in KINDS:
        raise ValueError(f"rule {position}: unknown kind {kind!r}; known are {', '.join(sorted(KINDS))}")
    parameters = {key: value for key, value in entry.items() if key not in MATCHERS}
    _check_parameters(f"rule {position} ({kind})", KINDS[kind], parameters)
    return Rule(
        id=_text(entry, "id", f"rule-{position}"),
        kind=kind,
        system=_text(entry, "system", "*"),
        name=_text(entry, "name", "*"),
        operation=_text(entry, "operation", "*"),
        probability=_probability(entry.get("probability")),
        nth=_numbers(entry.get("nth", ())),
        first=_count(entry, "first"),
        times=_count(entry, "times"),
        parameters=parameters,
    )


def _check_parameters(where: str, allowed: frozenset[str], parameters: Mapping[str, Any]) -> None:
    for name, value in parameters.items():
        if name not in allowed:
            raise ValueError(
                f"{where}: unknown field {name!r}; it may have {', '.join(sorted(allowed)) or 'none'}"
            )
        if name in CHOICES:
            is_fine = value in CHOICES[name]
        elif name == "status":
            is_fine = value in STATUSES or value == 200
        elif name in ("commit", "http_date"):
            is_fine = isinstance(value, bool)
        else:
            is_fine = _is_number(value) and value >= 0
        if not is_fine:
            raise ValueError(f"{where}: {name} cannot be {value!r}")


def _text(entry: Mapping[str, Any], name: str, default: str) -> str:
    value = entry.get(name, default)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} must be a text, not {value!r}")
    return value


def _probability(value: object) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise ValueError(f"probability must be between 0 and 1, not {value!r}")
    return float(value)


def _numbers(value: object) -> tuple[int, ...]:
    if not isinstance(value, list | tuple) or not all(_is_whole(number) and number > 0 for number in value):
        raise ValueError(f"nth must be a list of whole numbers from 1, not {value!r}")
    return tuple(value)


def _count(entry: Mapping[str, Any], name: str) -> int | None:
    value = entry.get(name)
    if value is not None and not (_is_whole(value) and value >= 0):
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return value


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
