"""Metafields: values that people and apps keep beside a store's orders, each under a name `namespace.key`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

RECOMMENDS, RISK_LEVEL = "recommends", "risk_level"
RISKS: Mapping[str, tuple[str, ...]] = {
    RECOMMENDS: ("none", "accept", "investigate", "cancel"),
    RISK_LEVEL: ("none", "low", "medium", "high"),
}
"""What the store itself says of an order's risk of fraud, read as metafields are and under names that none of these
can have; with its words, the worst last (Shopify's OrderRiskRecommendationResult and RiskAssessmentResult). "" is
said until every assessment is there, or one of them said the worst."""
LONGEST_NAME = 200
# Shopify's own limits are 255 and 64 characters; a name of more than 200 in all has no row.
_NAME = re.compile(r"[A-Za-z0-9_-]{2,255}\.[A-Za-z0-9_.-]{2,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Metafield:
    """One value as people read it, and why it can fill no field where it cannot.

    `text` is "" where the store holds nothing. Where the value is a time (or several), `times` hold it in UTC, and
    which day that is depends on whose clock counts: `text` then is the store's own. With a `fault` it is as the store
    holds it, too.
    """

    text: str
    times: tuple[datetime, ...] = ()
    fault: str = ""


def is_metafield_name(name: str) -> bool:
    """Whether a metafield may be called that and have a mapping row."""
    return len(name) <= LONGEST_NAME and _NAME.fullmatch(name) is not None
