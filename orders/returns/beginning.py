"""A return order that began in the ERP, towards the store: is it there already, may it be made, and made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from hub.connectors.credits import CreditStage
from hub.connectors.credits import ErpCredit as Document
from hub.connectors.documents import PlacedOrder
from hub.connectors.fulfilments import Fulfilments
from hub.connectors.return_creation import NewReturn, ReturnCreation, SentPieces
from hub.connectors.store_returns import ReturnState
from hub.connectors.store_returns import StoreReturn as Return
from hub.errors import Conflict, NeedsReview
from hub.lib.gid import tail
from hub.lib.money import Money
from hub.sync import attempts
from hub.sync.models import ReviewItem
from orders.credits.mirroring import document_of as credit_document
from orders.mirroring import document_of
from orders.models import ErpCredit, RefundPolicy, ReturnLink, StoreReturn
from orders.returns.begun import OPERATION, BegunReturns, content_of
from orders.returns.crediting import CreditParts, check_sold, parts_of
from orders.returns.deciding import may_be_of, return_order_of
from orders.returns.fees import with_fees
from orders.returns.items import items_of
from orders.returns.returnable import (
    GIVEN_UP,
    UNFINISHED,
    Pieces,
    counted,
    lacking_in_words,
    lines_for,
    names_of,
    pieces_of,
    sums,
)
from orders.returns.sending import mark_of

FLOW, NOT_POSSIBLE = "push_return_to_store", "return_not_possible"
_GOING_ON = (CreditStage.APPROVED.value, CreditStage.RECEIVED.value)
_AWAITED = (CreditStage.REQUESTED.value, CreditStage.APPROVED.value)


@dataclass(frozen=True, slots=True)
class Beginning:
    """Return orders of one order, which its store is told of."""

    begun: BegunReturns
    creation: ReturnCreation
    fulfilments: Fulfilments
    policy: RefundPolicy

    def tell(self, credit: ErpCredit) -> None:
        """Bring the store's return to what this return order is. Raises NeedsReview with the numbers."""
        document = credit_document(credit)
        try:
            link = self.begun.link_of(credit)
            if link is not None:
                self._compare(credit, document, link)
            elif credit.stage in _GOING_ON:
                self._begin(credit, document)
        except NeedsReview as question:
            about = {"return_order_id": credit.external_id, "pieces_hash": content_of(document)}
            question.evidence = {**question.evidence, **about}
            raise

    # ------------------------------------------------------------------------------------------ begin

    def _begin(self, credit: ErpCredit, document: Document) -> None:
        decisions = self._decisions(credit, document)
        if ReviewItem.Decision.DISMISSED in decisions.values():
            self._leave(credit, document)
            return
        placed = document_of(self.begun.order)
        parts = self._parts(credit, document, placed)
        wanted = _pieces(parts)
        if not wanted:
            return
        there = self._same(credit, wanted)
        if there is not None:
            self._adopt(credit, there)
            return
        if "return_exists" not in decisions:
            self._check_others(credit, document, wanted)
        if decisions.get("credit_line_below_zero") != ReviewItem.Decision.APPROVED:
            check_sold(document, parts)
        new = self._new(credit, document, placed, parts)
        is_asked = self.policy.erp_returns == RefundPolicy.ReturnOrders.ASK
        if is_asked and ReviewItem.Decision.APPROVED not in decisions.values():
            raise _asked(credit, placed, wanted, Money(parts.kept, document.currency))
        self._create(credit, new)

    def _parts(self, credit: ErpCredit, document: Document, placed: PlacedOrder) -> CreditParts:
        return parts_of(document, placed, items_of(self.begun.order, placed, credit.connection))

    def _wanted(self, credit: ErpCredit, document: Document, placed: PlacedOrder) -> dict[str, int]:
        """Pieces by the order's line."""
        return _pieces(self._parts(credit, document, placed))

    def _create(self, credit: ErpCredit, new: NewReturn) -> None:
        pieces = {line.sent_external_id: line.pieces for line in new.lines}
        with attempts.intend(
            OPERATION,
            new.mark,
            {"return_order": credit.pk, "pieces": pieces},
            deadline=self.begun.refunds.refund_deadline,
            settle_after=self.begun.refunds.refund_settle_after,
        ) as attempt:
            made = self.creation.create_return(new)
        self.begun.link(credit, made, [attempt])
        self.begun.found.append(made)
        self.begun.written.append(f"made {made.name} for {credit}")

    def _new(
        self, credit: ErpCredit, document: Document, placed: PlacedOrder, parts: CreditParts
    ) -> NewReturn:
        """The return as it is to be made, with the fees that the return order keeps."""
        wanted, sent = _pieces(parts), self.creation.read_returnable(self.begun.order.external_id)
        lines = lines_for(wanted, sent)
        if lines is None:
            raise self._not_possible(credit, placed, wanted, sent)
        note = f"Return order {credit}" + (f": {document.reason}" if document.reason else "")
        new = NewReturn(self.begun.order.external_id, lines, mark_of(credit), note)
        return with_fees(new, document, placed, parts, sent)

    def _not_possible(
        self, credit: ErpCredit, placed: PlacedOrder, wanted: Pieces, sent: Sequence[SentPieces]
    ) -> NeedsReview:
        key = self.begun.order.external_id
        read = self.fulfilments.read_fulfilments([key]).get(key)
        lines = counted(sent, read, self.begun.found).lacking(wanted, names_of(placed))
        return NeedsReview(
            f"Return order {credit} takes back {lacking_in_words(lines)}. Correct the one side or the other, then "
            "press Try again; or dismiss this, and the store is left as it is.",
            code=NOT_POSSIBLE,
            evidence={"return_order": credit.number, "order": self.begun.order.name, "lines": lines},
        )

    # ------------------------------------------------------------------------------------------ adopt

    def _adopt(self, credit: ErpCredit, row: StoreReturn) -> None:
        made = next(one for one in self.begun.found if one.external_id == row.external_id)
        self.begun.link(credit, made, is_adopted=True)
        self.begun.written.append(f"adopted {made.name} for {credit}")

    def _same(self, credit: ErpCredit, wanted: Pieces) -> StoreReturn | None:
        """A return that the store has for it already: the one that it names, else an unfinished one of its pieces."""
        free = self._free(credit)
        named = [row for row, _ in free if row.name in (credit.reference, f"#{credit.reference}")]
        same = [
            row
            for row, one in free
            if pieces_of(one) == wanted
            # What a buyer asked for days after the return order was made is more than it.
            and (one.state is ReturnState.OPEN or (one.state in UNFINISHED and may_be_of(credit, row)))
        ]
        answered = [row for row, one in free if self._answers(credit, row, one, wanted)]
        # Of several for the same pieces any may be meant: the oldest first.
        return next(iter([*named, *same, *answered]), None)

    def _answers(self, credit: ErpCredit, row: StoreReturn, one: Return, wanted: Pieces) -> bool:
        """Whether it is the ERP's answer to a return, where the ERP decides about them."""
        if self.policy.approval != RefundPolicy.Approval.ERP or one.state not in UNFINISHED:
            return False
        meant = return_order_of(row)
        return meant is not None and meant.pk == credit.pk and bool(pieces_of(one).keys() & wanted)

    def _check_others(self, credit: ErpCredit, document: Document, wanted: Pieces) -> None:
        """A return of some of its pieces may be this one all the same. Raises Conflict."""
        others = [
            *(row for row, one in self._free(credit) if _may_be(one, document, wanted)),
            *(
                row
                for row, one in self._rows()
                if self._is_announced(credit, row) and pieces_of(one) == wanted
            ),
        ]
        if others:
            names = [row.name for row in others]
            raise Conflict(
                f"The store has {', '.join(names)} of {self.begun.order.name} already, and return order {credit} is "
                "for the same goods. Approve to make another return; dismiss where it is the same.",
                code="return_exists",
                evidence={"return_order": credit.number, "returns": names},
            )

    def _leave(self, credit: ErpCredit, document: Document) -> None:
        """A person made the return, or wants none. The only one that may be it is linked: its later states count."""
        wanted = self._wanted(credit, document, document_of(self.begun.order))
        meant = [row for row, one in self._free(credit) if _may_be(one, document, wanted)]
        if len(meant) == 1:
            self._adopt(credit, meant[0])
        self.begun.written.append(f"{credit} was settled by hand")

    def _rows(self) -> list[tuple[StoreReturn, Return]]:
        """The order's returns that were not given up, oldest first."""
        found = {one.external_id: one for one in self.begun.found if one.state not in GIVEN_UP}
        rows = StoreReturn.objects.filter(connection=self.begun.connection, external_id__in=list(found))
        ordered = rows.select_related("order", "connection").order_by("created_at", "pk")
        return [(row, found[row.external_id]) for row in ordered]

    def _free(self, credit: ErpCredit) -> list[tuple[StoreReturn, Return]]:
        """Of these, those that are no return order of this ERP yet."""
        links = ReturnLink.objects.filter(connection=credit.connection_id, returned__order=self.begun.order)
        linked = set(links.values_list("returned", flat=True))
        return [
            (row, one)
            for row, one in self._rows()
            if row.pk not in linked and not self._is_announced(credit, row)
        ]

    def _is_announced(self, credit: ErpCredit, row: StoreReturn) -> bool:
        """Whether we made a return order for it."""
        return ErpCredit.objects.filter(
            connection=credit.connection_id, is_return=True, returned_external_id=tail(row.external_id)
        ).exists()

    # ---------------------------------------------------------------------------------------- compare

    def _compare(self, credit: ErpCredit, document: Document, link: ReturnLink) -> None:
        """Whether both sides still agree. Raises NeedsReview, unless a person said to leave them as they are."""
        row = link.returned
        if ReviewItem.Decision.DISMISSED in self._decisions(credit, document).values():
            return
        if ReturnState(row.state) in GIVEN_UP and credit.stage in _AWAITED:
            raise NeedsReview(
                f"Return {row.name} is {row.get_state_display().lower()} in the store, but {credit} still awaits its "
                f"goods in {credit.connection}. Cancel it there, and this closes by itself; or dismiss this.",
                code="return_order_awaits",
                evidence={"return": row.name, "document": str(credit)},
            )
        if link.content_hash != content_of(document) and credit.stage in _GOING_ON:
            self._check_pieces(credit, document, row)

    def _check_pieces(self, credit: ErpCredit, document: Document, row: StoreReturn) -> None:
        now = next((one for one in self.begun.found if one.external_id == row.external_id), None)
        placed = document_of(self.begun.order)
        wanted = self._wanted(credit, document, placed)
        if now is None or now.state is not ReturnState.OPEN or pieces_of(now) == wanted:
            return
        there = pieces_of(now)
        raise NeedsReview(
            f"Return order {credit} was changed in {credit.connection} and takes back {_told(placed, wanted)}; return "
            f"{row.name} in the store is for {_told(placed, there)}. Change the one or the other, then press Try "
            "again; or dismiss this, and both stay as they are.",
            code="return_order_changed",
            evidence={"return_order": credit.number, "return": row.name, "erp": wanted, "store": there},
        )

    def _decisions(self, credit: ErpCredit, document: Document) -> dict[str, str]:
        """What people decided about this return order as it is, by the code of the question."""
        items = ReviewItem.objects.filter(
            flow=FLOW,
            connection=self.begun.connection,
            record_id=self.begun.order.pk,
            evidence__return_order_id=credit.external_id,
            evidence__pieces_hash=content_of(document),
        )
        return dict(items.exclude(decision="").order_by("pk").values_list("code", "decision"))


def _pieces(parts: CreditParts) -> dict[str, int]:
    """Pieces by the order's line."""
    return sums((piece.line_external_id, piece.quantity) for piece in parts.pieces)


def _may_be(one: Return, document: Document, wanted: Pieces) -> bool:
    """An unfinished return of some of the pieces; a finished one of the same, unless it is older than the document."""
    if one.state in UNFINISHED:
        return bool(pieces_of(one).keys() & wanted)
    # A day for what time zones differ by.
    first: date | None = document.document_date and document.document_date - timedelta(days=1)
    return pieces_of(one) == wanted and (first is None or one.created_at.date() >= first)


def _asked(credit: ErpCredit, placed: PlacedOrder, wanted: Pieces, fees: Money) -> NeedsReview:
    kept = f", less {fees} of fees" if fees.amount else ""
    return NeedsReview(
        f"Return order {credit} was made in {credit.connection} and takes back {_told(placed, wanted)} of "
        f"{placed.name}{kept}. Approve, and the return is made in the store; dismiss, and the store is left as it is.",
        code="return_order_began",
        evidence={
            "return_order": credit.number,
            "order": placed.name,
            "pieces": dict(wanted),
            "fees": str(fees),
        },
    )


def _told(placed: PlacedOrder, pieces: Pieces) -> str:
    names = names_of(placed)
    return (
        ", ".join(f"{count} of {names.get(line, line)}" for line, count in sorted(pieces.items()))
        or "nothing"
    )
