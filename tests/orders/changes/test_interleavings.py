"""Whatever both sides change, and whichever hints come twice or never: one state or one question, and no circles.

Both far sides are in memory; what is compared, settled and written is what the flows use.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.connectors.documents import LineKind, OrderIdentity, SalesOrder, SalesOrderLine
from hub.connectors.sales_documents import ErpDocument, ErpDocumentLine, OrderStage
from orders.changes.for_erp import document_change
from orders.changes.settling import Pick, Rules, settle, trace
from orders.changes.sides import Documents, Sides, sides
from orders.changes.three_way import Owner, compare
from orders.changes.views import SentOrder

NOW = datetime(2026, 11, 20, tzinfo=UTC)
KEYS = ("1", "2")
MOST_ROUNDS = 12


def line(key, quantity):
    return SalesOrderLine(
        LineKind.ITEM,
        f"IT-{key}",
        f"Item {key}",
        Decimal(quantity),
        unit_price=Decimal(10),
        source_external_id=key,
    )


PLACED = SalesOrder(
    identity=OrderIdentity("EU", "1"),
    reference="EU-1",
    po_number="PO-0",
    customer_number="C1",
    order_date=date(2026, 11, 20),
    currency="EUR",
    prices_include_tax=False,
    lines=(line("1", 2), line("2", 2)),
    total_excluding_tax=Decimal(40),
    total_tax=Decimal(0),
    total_including_tax=Decimal(40),
)
DOCUMENT = ErpDocument(
    external_id="7",
    number="SO7",
    reference="EU-1",
    # What an ERP makes of a text is no change of it.
    po_number="po-0",
    status="open",
    stage=OrderStage.OPEN,
    is_held=False,
    customer_number="C1",
    currency="EUR",
    prices_include_tax=False,
    lines=tuple(
        ErpDocumentLine(f"e{key}", LineKind.ITEM, f"IT-{key}", "", Decimal(2), unit_price=Decimal(10))
        for key in KEYS
    ),
    totals=None,
    updated_at=NOW,
)


def as_sent(document):
    names = SentOrder.__dataclass_fields__
    return SentOrder(**{name: getattr(document, name) for name in names})


@dataclass
class World:
    """A store, an ERP, and what the hub keeps of both."""

    owners: dict[str, Owner]
    corrects_erp: bool
    accepts_erp_edits: bool
    store: SalesOrder = PLACED
    erp: ErpDocument = DOCUMENT
    sent: SentOrder = field(default_factory=lambda: as_sent(PLACED))
    agreed: ErpDocument | None = None
    to_store: tuple | None = None
    written: set = field(default_factory=set)
    questions: int = 0
    writes: int = 0

    def settled(self) -> tuple[Documents, Sides, list]:
        documents = Documents(self.sent, self.store, self.erp, self.agreed)
        seen = sides(documents)
        rules = Rules(
            self.accepts_erp_edits,
            OrderStage.SHIPPED,
            self.corrects_erp,
            OrderStage.SHIPPED,
            "",
            self.erp.stage,
        )
        found = compare(seen.base, seen.store, seen.erp, self.owners, newest=Owner.NOBODY)
        return documents, seen, [settle(one, rules, (), self.written) for one in found]

    def hint(self):
        """One run of the comparison."""
        documents, seen, settled = self.settled()
        self.questions = 0
        if any(one.pick is Pick.ASK for one in settled):
            self.questions, self.to_store = 1, None
            return
        if not settled:
            self.sent, self.agreed = as_sent(self.store), self.erp
            self.to_store, self.written = None, set()
            return
        if change := document_change(documents, seen, settled):
            self.erp = changed(self.erp, change)
            self.writes += 1
            self.written |= {trace(one.found) for one in settled if one.is_for_erp}
            self.hint()
            return
        self.to_store = (self.store, [one for one in settled if one.is_for_store])

    def tell(self):
        """One run of what tells the store: only where it is as it was when that was decided."""
        if self.to_store is None:
            return
        as_decided, told = self.to_store
        self.to_store = None
        if self.store is as_decided:
            for one in told:
                self.store = with_value(self.store, one.found.field, one.found.key, one.value)
            self.writes += 1
            self.written |= {trace(one.found) for one in told}
        self.hint()


def changed(document, change):
    """The ERP does what it is told, and shows a PO number in small letters."""
    by_id = {one.external_id: one.line for one in change.lines}
    lines = [
        replace(one, quantity=by_id[one.external_id].quantity) if one.external_id in by_id else one
        for one in document.lines
        if by_id.get(one.external_id, one) is not None
    ]
    lines += [
        ErpDocumentLine(f"n{one.number}", LineKind.ITEM, one.number, "", one.quantity, unit_price=Decimal(10))
        for key, one in by_id.items()
        if not key
    ]
    po_number = document.po_number if change.po_number is None else change.po_number.lower()
    return replace(document, lines=tuple(lines), po_number=po_number)


def with_value(order, name, key, value):
    if name == "po_number":
        return replace(order, po_number=value)
    quantity = value.quantity if name == "line" and value else value
    others = [one for one in order.lines if one.source_external_id != key]
    kept = [line(key, quantity)] if quantity else []
    return replace(order, lines=tuple(sorted((*others, *kept), key=lambda one: one.source_external_id)))


store_edits = st.one_of(
    st.tuples(st.just("store"), st.just("po_number"), st.just(""), st.sampled_from(["PO-0", "PO-1", "PO-2"])),
    st.tuples(st.just("store"), st.just("quantity"), st.sampled_from(KEYS), st.sampled_from([0, 1, 2, 3])),
)
erp_edits = st.one_of(
    st.tuples(st.just("erp"), st.just("po_number"), st.just(""), st.sampled_from(["PO-0", "PO-1", "PO-3"])),
    st.tuples(st.just("erp"), st.just("quantity"), st.sampled_from(KEYS), st.sampled_from([0, 1, 2, 4])),
)
hints = st.lists(st.sampled_from([("hint",), ("tell",)]), max_size=6)
OWNERS = st.dictionaries(
    st.sampled_from(["po_number", "quantity", "line"]), st.sampled_from([Owner.STORE, Owner.ERP])
)


MOSTLY = st.sampled_from([True, True, True, False])


def play(world, event):
    if event[0] in ("hint", "tell"):
        getattr(world, event[0])()
    elif event[0] == "store":
        world.store = with_value(world.store, *event[1:])
    elif event[1] == "po_number":
        world.erp = replace(world.erp, po_number=event[3])
    else:
        lines = [
            replace(one, quantity=Decimal(event[3])) if one.external_id == f"e{event[2]}" else one
            for one in world.erp.lines
        ]
        world.erp = replace(world.erp, lines=tuple(lines))


@settings(max_examples=60)
@given(st.data(), OWNERS, MOSTLY, MOSTLY)
def test_two_edits_on_each_side_end_in_one_state_or_one_question(data, owners, corrects, accepts):
    world = World(owners, corrects, accepts)
    world.hint()
    edits = [data.draw(store_edits), data.draw(store_edits), data.draw(erp_edits), data.draw(erp_edits)]
    events = data.draw(st.permutations([*edits, *data.draw(hints)]))
    for event in events:
        play(world, event)

    # What was lost is found by the next passes over both sides.
    states = []
    for _ in range(MOST_ROUNDS):
        world.hint()
        world.tell()
        states.append((world.store, world.erp, world.writes, world.questions))

    assert states[-1] == states[-2]
    _, seen, settled = world.settled()
    assert bool(settled) == bool(world.questions)
    if not settled:
        assert seen.store == seen.erp
