"""An ERP's credit into the store: the intention, the refund under its key, the look-up by its mark."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from django.db import IntegrityError, transaction

from hub.connectors.store_returns import NewRefund, Refunds
from hub.connectors.store_returns import StoreRefund as Refund
from hub.errors import Conflict
from hub.lib.stored import Stored
from hub.lib.text import storable
from hub.sync import attempts
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, Connection
from orders.credits.one_sided import of_cancelled
from orders.models import CreditLink, ErpCredit, StoreOrder, StoreRefund
from orders.offline.marks import mark_for
from orders.returns.mirroring import mirror_returns

OPERATION, TO_ERP = "create_refund", "push_refund_to_erp"
_KEYS = uuid.UUID("6f0c2b6e-5a53-4d0c-9a0e-0c8c5f1f6d11")
_requests = Stored(NewRefund)


def mark_of(credit: ErpCredit) -> str:
    """What the refund of this credit carries in its note."""
    return mark_for(credit.connection.code, credit.external_id)


@dataclass(slots=True)
class Sender:
    """Refunds of one order for credits of its ERP. `refunds` are the order's, as the store has them now."""

    store: Refunds
    connection: Connection
    order: StoreOrder
    refunds: list[Refund] = field(default_factory=list)
    written: list[str] = field(default_factory=list)

    def read(self) -> None:
        """What the store holds now, into the mirror as well. Raises Conflict where it has no such order."""
        found = self.store.read_refunds([self.order.external_id])
        if self.order.external_id not in found:
            raise Conflict(
                f"{self.order.name} is gone from the store, but the ERP credits it.", code="gone_from_store"
            )
        self.refunds = found[self.order.external_id]
        self._mirror(self.refunds)

    def adopt(self, credits: Sequence[ErpCredit]) -> list[ErpCredit]:
        """Link credits whose refund is there already, by its mark; returns those that are not."""
        left = []
        for credit in credits:
            mark = mark_of(credit)
            made = [one for one in self.refunds if one.mark == mark]
            if len(made) > 1:
                raise _double(credit, made)
            if made:
                self.link(credit, made[0], self._open(mark), is_adopted=True)
                self.written.append(f"adopted the refund of {credit}")
            else:
                left.append(credit)
        return left

    def wait_for_lost(self) -> None:
        """Nothing is sent again while a refund whose answer was lost may still appear."""
        lost = self._open()
        if lost:
            attempts.wait_until_settled(lost)
            for attempt in lost:
                attempts.close(attempt, Attempt.State.LOST)

    def intended(self, credit: ErpCredit) -> NewRefund | None:
        """The refund as it was meant before, where no answer came: its key holds for the same values only.

        What certainly was not sent is planned anew: the credit and the order may say something else by now.
        """
        last = self._attempts(mark_of(credit)).exclude(state=Attempt.State.NOT_SENT).order_by("-pk").first()
        if last is None or last.state != Attempt.State.LOST:
            return None
        return _requests.read(last.values["document"])

    def key_of(self, credit: ErpCredit) -> str:
        """The store's idempotency key: the same for the same credit, another after each refusal, which uses one up."""
        mark = mark_of(credit)
        refused = self._attempts(mark).filter(state=Attempt.State.REFUSED).count()
        return str(uuid.uuid5(_KEYS, f"{self.connection.public_id} {mark} {refused}"))

    def send(self, credit: ErpCredit, refund: NewRefund) -> None:
        """Refund, and link what was made."""
        values: dict[str, Any] = {"credit": credit.pk, "document": msgspec.to_builtins(refund, str_keys=True)}
        values = msgspec.json.decode(msgspec.json.encode(values))
        with attempts.intend(
            OPERATION,
            refund.mark,
            values,
            deadline=self.store.refund_deadline,
            settle_after=self.store.refund_settle_after,
        ) as attempt:
            made = self.store.create_refund(refund)
        self.link(credit, made, [attempt])
        self.written.append(f"refunded {credit}")

    def link(
        self,
        credit: ErpCredit,
        made: Refund,
        closed: Sequence[Attempt],
        *,
        is_adopted: bool = False,
        is_part: bool = False,
    ) -> None:
        """This refund is that credit, or a part of it; the attempts that led to it are closed with it: both or none."""
        try:
            with transaction.atomic():
                self._mirror([made])
                row = StoreRefund.objects.get(connection=self.connection, external_id=made.external_id)
                # A person said that this credit stands for the one that was cancelled.
                of_cancelled(row.links.filter(connection=credit.connection)).delete()
                CreditLink.objects.create(
                    refund=row,
                    connection=credit.connection,
                    external_id=credit.external_id,
                    number=storable(credit.number)[:60],
                    origin=CreditLink.Origin.ERP,
                    reference=made.mark,
                    is_adopted=is_adopted,
                    is_part=is_part,
                    currency=credit.currency,
                )
                self.settle(credit)
                if is_adopted:
                    # It may have asked whether the two are the same.
                    enqueue(TO_ERP, credit.connection_id, [self.order.pk])
                for attempt in closed:
                    attempts.close(attempt, Attempt.State.CONFIRMED, made.external_id)
        except IntegrityError as error:
            raise _double(credit, [made]) from error

    def link_all(self, credit: ErpCredit, made: Sequence[Refund]) -> None:
        """These refunds, which people made, are that credit together."""
        with transaction.atomic():
            for one in made:
                self.link(credit, one, (), is_adopted=True, is_part=len(made) > 1)

    def settle(self, credit: ErpCredit) -> None:
        """Nothing is left to do about this credit as it is."""
        ErpCredit.objects.filter(pk=credit.pk).update(pushed_hash=credit.document_hash)

    def _mirror(self, refunds: Sequence[Refund]) -> None:
        mirror_returns(self.connection, {self.order.external_id: self.order.pk}, refunds, [])

    def _attempts(self, mark: str) -> Any:
        return Attempt.objects.filter(
            connection=self.connection, subject=f"order:{self.order.pk}", operation=OPERATION, key=mark
        )

    def _open(self, mark: str = "") -> list[Attempt]:
        found = attempts.open_attempts(self.connection.pk, f"order:{self.order.pk}")
        return [one for one in found if one.operation == OPERATION and mark in ("", one.key)]


def _double(credit: ErpCredit, made: Sequence[Refund]) -> Conflict:
    return Conflict(
        f"Credit {credit} led to more than one refund in the store, or to one that belongs to another credit. "
        "Compare them there; nothing more is refunded for it.",
        code="double_refund",
        evidence={"credit": credit.number, "refunds": [one.external_id for one in made]},
    )
