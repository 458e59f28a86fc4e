"""An order's attributes, fields and metafields into fields of the ERP's document, or into comment lines. No network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hub.connectors.documents import PlacedOrder
from hub.connectors.filled_fields import FilledField, OrderField
from hub.connectors.metafields import Metafield
from hub.errors import NeedsReview, NotReadyYet
from orders.holds.overrides import filled_fields
from orders.mapping_rows import FieldRow, MappingRows, add_attributes
from orders.order_fields import (
    ATTRIBUTE,
    COMMENT,
    FIELD,
    METAFIELD,
    ORDER_FIELDS,
    filled,
    is_field,
    key_of,
    limit_of,
    metafield_text,
    source_label,
)

CODE = "order_fields"
"""The review code of an order whose values the ERP's fields cannot hold."""
# Of a buyer's text, as much as a person needs to see what it is.
SHOWN_LENGTH = 300
MOST_NAMED = 20
_UNDECIDED = FieldRow()


@dataclass(frozen=True, slots=True)
class MappedFields:
    """The document's filled fields, and what is said in comment lines instead."""

    fields: tuple[FilledField, ...]
    comments: tuple[str, ...]


class OrderFields:
    """One order's values and what people decided about them."""

    def __init__(
        self,
        order: PlacedOrder,
        rows: MappingRows,
        store_fields: frozenset[str],
        metafields: Mapping[str, Metafield | None],
        time_zone: str,
    ) -> None:
        self.order, self.rows, self.store_fields = order, rows.fields, store_fields
        self.metafields, self.time_zone = metafields, time_zone
        self.attributes: dict[str, list[str]] = {}
        """Values by the key that a row has: several attributes may share one."""
        for attribute in order.attributes:
            if key := key_of(attribute.key):
                self.attributes.setdefault(key, []).append(attribute.value)

    def undecided(self, store_id: int, erp_id: int) -> list[str]:
        """Attributes that nobody has decided about, worded for people; those met for the first time get rows.

        Names that begin with an underscore are an app's or a theme's own: they get a row and are never waited for.
        """
        if "attributes" not in self.store_fields:
            return []
        keys = [key for key, values in self.attributes.items() if any(value.strip() for value in values)]
        waiting = [key for key in keys if not self.rows.get((ATTRIBUTE, key), _UNDECIDED).target]
        new = [key for key in waiting if (ATTRIBUTE, key) not in self.rows]
        made = add_attributes(new, store_id, erp_id) if new else frozenset()
        left = frozenset(new) - made
        named = [key for key in waiting if not key.startswith("_")]
        words = [f"attribute {key!r}{_NO_ROW if key in left else ''}" for key in named[:MOST_NAMED]]
        return words + ([f"{len(named) - MOST_NAMED} more attributes"] if len(named) > MOST_NAMED else [])

    def mapped(
        self,
        taken: Mapping[str, OrderField],
        evidence: Mapping[str, object],
        entered: Mapping[str, str],
        *,
        is_approved: bool,
    ) -> MappedFields:
        """The fields and comments; raises NeedsReview that names every value that its field cannot hold.

        Once that is approved, such values go into comment lines. What a person `entered` for a field of the ERP for
        this order goes before its row.
        """
        fields: list[FilledField] = list(_entered(self.order, entered, taken, evidence))
        is_filled = {field.name for field in fields}
        faults: list[dict[str, str]] = []
        refused: list[str] = []
        for (source, key), row in sorted(self.rows.items()):
            if row.target in is_filled:
                continue
            field = taken.get(row.target)
            why = self._fill(source, key, row, field, fields) if is_field(row.target) else ""
            if why:
                text = self._text(source, key)
                faults.append(_fault(source_label(source, key), text, row, field, why))
                refused += [f"{source_label(source, key)}: {text}"] if text else []
        if faults and not is_approved:
            raise NeedsReview(_asked(self.order, faults), code=CODE, evidence={**evidence, "fields": faults})
        return MappedFields(tuple(fields), (*self._comments(), *refused))

    def _fill(
        self, source: str, key: str, row: FieldRow, field: OrderField | None, fields: list[FilledField]
    ) -> str:
        """Fill the field where there is a value for it; returns why it cannot be, "" where all is well."""
        if field is None:
            return "the ERP takes no such field"
        if source == METAFIELD and (fault := self._metafield(key).fault):
            return fault
        values = {text for text in map(str.strip, self._values(source, key)) if text}
        if len(values) > 1:
            return f"the order has it {len(values)} times, with different values"
        text = next(iter(values), "") or row.default_value
        if not text.strip():
            return "the order has no value for it" if row.is_required else ""
        try:
            fields.append(filled(field, text))
        except ValueError as error:
            return str(error)
        return ""

    def _values(self, source: str, key: str) -> list[str]:
        if source == FIELD:
            return [ORDER_FIELDS[key].read(self.order)] if key in ORDER_FIELDS else []
        if source == METAFIELD:
            return [metafield_text(self._metafield(key), self.time_zone)]
        return self.attributes.get(key, [])

    def _metafield(self, key: str) -> Metafield:
        """What the order holds under this name; raises NotReadyYet where it was not asked for yet."""
        if key not in self.metafields:
            raise NotReadyYet(
                f"The mapping of {source_label(METAFIELD, key)} is new: it is read first.", after=1.0
            )
        return self.metafields[key] or Metafield("")

    def _text(self, source: str, key: str) -> str:
        return " / ".join(dict.fromkeys(text for text in self._values(source, key) if text.strip()))

    def _comments(self) -> list[str]:
        """What the ERP document has no field for: a person's decision, else notes and visible attributes."""
        fields = [
            f"{source.label}: {text}"
            for key, source in ORDER_FIELDS.items()
            if self._is_comment(FIELD, key, key == "note" and "note" in self.store_fields)
            and (text := source.read(self.order))
        ]
        attributes = [
            f"{attribute.key}: {attribute.value}"
            for attribute in self.order.attributes
            if self._is_comment(
                ATTRIBUTE,
                key_of(attribute.key),
                "attributes" in self.store_fields and not attribute.key.startswith("_"),
            )
        ]
        metafields = [
            f"{key}: {text}"
            for source, key in sorted(self.rows)
            if source == METAFIELD
            and self._is_comment(source, key, is_by_default=False)
            and (text := metafield_text(self._metafield(key), self.time_zone)).strip()
        ]
        return fields + attributes + metafields

    def _is_comment(self, source: str, key: str, is_by_default: bool) -> bool:
        target = self.rows.get((source, key), _UNDECIDED).target
        return target == COMMENT or (is_by_default and not target)


def _entered(
    order: PlacedOrder,
    values: Mapping[str, str],
    taken: Mapping[str, OrderField],
    evidence: Mapping[str, object],
) -> tuple[FilledField, ...]:
    try:
        return filled_fields(values, taken)
    except ValueError as error:
        raise NeedsReview(
            f"{order.name} was not sent. A person entered values for it that the ERP does not take any more: {error}. "
            "Press Edit and approve.",
            code=CODE,
            evidence={**evidence, "entered": dict(values)},
        ) from error


_NO_ROW = " (it has no row yet: decide or delete others first)"


def _fault(label: str, text: str, row: FieldRow, field: OrderField | None, why: str) -> dict[str, str]:
    return {
        "from": label,
        "value": text if len(text) <= SHOWN_LENGTH else f"{text[:SHOWN_LENGTH]}…",
        "erp_field": f"{field.label} ({field.name})" if field else row.target,
        "takes": limit_of(field) if field else "",
        "what_is_wrong": why,
    }


def _asked(order: PlacedOrder, faults: list[dict[str, str]]) -> str:
    said = "; ".join(
        f"{fault['from']} for {fault['erp_field']}: {fault['what_is_wrong']}" for fault in faults
    )
    return (
        f"{order.name} was not sent. {said}. Correct the order in the store, or the row on the page Order fields "
        "(Mappings), then it goes on. Or approve: what does not fit then goes into a comment line."
    )
