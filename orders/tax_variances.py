"""Tax that an ERP computed otherwise than the store, where an admin's policy accepts that: noted on the link."""

from __future__ import annotations

from django.utils import timezone
from prometheus_client import Counter

from hub.connectors.documents import ErpTotals
from orders.mirroring import document_of
from orders.models import OrderLink, TaxPolicy
from orders.rules import Sums, tax_variance

ACCEPTED = Counter(
    "concord_tax_variances_accepted_total", "Orders whose tax differs in the ERP within the policy.", ["erp"]
)
VARIANCE = ("tax_variance", "tax_variance_at", "tax_variance_policy")
"""The columns of a link that tell it."""


def forget_variance(link: OrderLink) -> None:
    """The totals are compared anew."""
    link.tax_variance, link.tax_variance_at, link.tax_variance_policy = None, None, ""


def accept_variance(link: OrderLink, totals: ErpTotals, policy: TaxPolicy | None) -> bool:
    """Whether the tax policy accepts these totals, which differ from the link's; then the link says so, unsaved."""
    if policy is None or policy.mode != TaxPolicy.Mode.ERP_CALCULATES or totals.currency != link.currency:
        return False
    expected = Sums(link.expected_total - link.expected_tax, link.expected_tax, link.expected_total)
    variance = tax_variance(
        expected,
        Sums(totals.including_tax - totals.tax, totals.tax, totals.including_tax),
        prices_include_tax=document_of(link.order).taxes_included,
        tolerance=policy.tolerance_for(link.currency),
    )
    if variance is None:
        return False
    link.tax_variance, link.tax_variance_at = variance, timezone.now()
    link.tax_variance_policy = policy.words[:120]
    ACCEPTED.labels(erp=link.connection.code).inc()
    return True
