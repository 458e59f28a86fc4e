"""External ids that are addresses: Shopify's gid://shopify/Order/123."""

from __future__ import annotations


def tail(external_id: str) -> str:
    """The part of an external id that tells records of one kind apart: all after its last slash."""
    return external_id.rpartition("/")[2]
