"""Values for people: JSON as tables, money to the minor unit, states as badges. Everything is escaped."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from hub.lib.money import round_money

NOTHING = "–"
# What is longer than this is cut: a page is for reading, the rest is in the export of the far side.
LONGEST_TEXT = 20_000
MOST_ROWS = 200
_SPELT = {
    "sku": "SKU",
    "erp": "ERP",
    "po": "PO",
    "api": "API",
    "url": "address",
    "ms": "(ms)",
    "sha256": "SHA-256",
}
_LABELS = {
    "blank_po": "Blank PO number",
    "duplicate_po": "PO number used before",
    "every_seconds": "Every … seconds",
    "po_key": "PO number as searched",
    "sku_rule": "Lines without a SKU",
}
# For the machine; the evidence as stored has it.
_NOT_FOR_READING = {"content_hash", "document_hash", "metafields_hash", "shown_hash"}


def pretty(value: object) -> SafeString:
    """JSON as it is, for those who must see it whole; folded."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    return folded("Show as JSON", text)


def folded(title: str, text: str) -> SafeString:
    """A text that opens when it is wanted."""
    cut = text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}\n… {len(text) - LONGEST_TEXT} more"
    return format_html(
        '<details class="concord-fold"><summary>{}</summary><pre tabindex="0">{}</pre></details>', title, cut
    )


def amount(value: Decimal | None, currency: str) -> str:
    """An amount in major units with its currency; digits below the minor unit are shown, never rounded away."""
    if value is None:
        return NOTHING
    rounded = round_money(value, currency) if currency else value.normalize()
    return f"{rounded if rounded == value else value.normalize():f} {currency}".strip()


def badge(text: str, kind: str) -> SafeString:
    """A word in a coloured box; `kind` is good, bad, busy or calm."""
    return format_html('<span class="concord-badge concord-{}">{}</span>', kind, text)


def as_table(value: object) -> SafeString:
    """Any JSON value so that a person can read it: names and values, lists of records as one table."""
    if isinstance(value, Mapping):
        return _pairs(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _list(value)
    return format_html("{}", _plain(value))


def as_evidence(evidence: Mapping[str, object]) -> SafeString:
    """A table of the evidence; values that both sides have (store_…, erp_…) stand side by side."""
    names = [name.removeprefix("store_") for name in evidence if name.startswith("store_")]
    both = [name for name in names if f"erp_{name}" in evidence]
    rest = {
        key: value
        for key, value in evidence.items()
        if key.partition("_")[2] not in both and key not in _NOT_FOR_READING
    }
    rows = [
        [words(name), *(as_table(evidence[f"{side}_{name}"]) for side in ("store", "erp"))] for name in both
    ]
    sides = grid(["", "Store", "ERP"], rows) if rows else ""
    return format_html('<div class="concord-scroll" tabindex="0">{}{}</div>', sides, as_table(rest))


def words(name: str) -> str:
    """`store_total` → Store total; abbreviations as people write them."""
    text = " ".join(_SPELT.get(word.lower(), word) for word in name.replace("_", " ").split())
    return text[:1].upper() + text[1:]


def label(name: str) -> str:
    """What a column is called on pages: `is_enabled` → Enabled."""
    return _LABELS.get(name) or words(name.removeprefix("is_"))


def _plain(value: object) -> str:
    if value in (None, ""):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)[:LONGEST_TEXT]


def _pairs(value: Mapping[str, object]) -> SafeString:
    if not value:
        return mark_safe(NOTHING)  # noqa: S308 - our own constant
    rows = format_html_join(
        "",
        '<tr><th scope="row">{}</th><td>{}</td></tr>',
        ((words(str(name)), as_table(item)) for name, item in value.items()),
    )
    return format_html('<table class="concord-table">{}</table>', rows)


def _list(value: Sequence[object]) -> SafeString:
    if not value:
        return mark_safe(NOTHING)  # noqa: S308 - our own constant
    records = [item for item in value if isinstance(item, Mapping)]
    if len(records) == len(value):
        return _records(records)
    items = format_html_join("", "<li>{}</li>", ((as_table(item),) for item in value[:MOST_ROWS]))
    return format_html('<ul class="concord-list">{}{}</ul>', items, _rest(len(value)))


def _records(records: Sequence[Mapping[str, object]]) -> SafeString:
    """Columns in the order in which they are met; those that are empty in every record are left out."""
    names = list(dict.fromkeys(name for record in records for name in record))
    names = [name for name in names if any(record.get(name) not in (None, "") for record in records)]
    return grid(
        [words(name) for name in names],
        [[as_table(record.get(name)) for name in names] for record in records[:MOST_ROWS]],
        after=_rest(len(records)),
    )


def grid(heads: Sequence[str], rows: Sequence[Sequence[object]], *, after: str = "") -> SafeString:
    """A table with a head; it scrolls sideways where the screen is narrow."""
    head = format_html_join("", '<th scope="col">{}</th>', ((name,) for name in heads))
    body = format_html_join(
        "",
        "<tr>{}</tr>",
        ((format_html_join("", "<td>{}</td>", ((cell,) for cell in row)),) for row in rows),
    )
    return format_html(
        '<div class="concord-scroll" tabindex="0"><table class="concord-table concord-grid"><thead><tr>{}</tr>'
        "</thead><tbody>{}</tbody></table>{}</div>",
        head,
        body,
        after,
    )


def _rest(count: int) -> str:
    return format_html("<p>… {} more</p>", count - MOST_ROWS) if count > MOST_ROWS else ""
