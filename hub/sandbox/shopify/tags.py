"""Tags as the store keeps them."""

from __future__ import annotations

from collections.abc import Iterable

LONGEST_TAG = 255


def sorted_tags(tags: Iterable[str]) -> list[str]:
    """Trimmed, without duplicates by case (the first spelling stays), sorted without regard to case."""
    kept: dict[str, str] = {}
    for tag in tags:
        for part in tag.split(","):
            text = part.strip()
            if text:
                kept.setdefault(text.casefold(), text)
    return sorted(kept.values(), key=str.casefold)


def are_too_long(tags: Iterable[str]) -> bool:
    """Whether a tag is longer than the store keeps."""
    return any(len(tag.strip()) > LONGEST_TAG for tag in tags)
