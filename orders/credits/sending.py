"""A refund's credit into the ERP: the intention, the create, the comparison of totals, the posting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from hub.connectors.base import Connector
from hub.connectors.credits import Credits, CreditStage, ErpCredit, NewCredit, ReturnOrders
from hub.errors import Conflict, NeedsReview, NotReadyYet
from hub.lib.money import round_money
from hub.lib.text import storable
from hub.sync import attempts
from hub.sync.models import Attempt, Connection
from orders.credits.approving import approve, check_may_write
from orders.credits.mirroring import mirror_credits
from orders.models import CreditLink, StoreRefund

CREATE_CREDIT, CREATE_RETURN = "create_credit", "create_return"
OPERATIONS = (CREATE_CREDIT, CREATE_RETURN)


@dataclass(slots=True)
class Sender:
    """Writes of one order's refunds to its ERP."""

    connector: Connector
    connection: Connection
    written: list[str] = field(default_factory=list)

    def send(self, refund: StoreRefund, document: NewCredit, *, is_return: bool) -> None:
        """Create the document, link it, and post it where its totals are equal."""
        if is_return:
            returns = self.connector.supporting(ReturnOrders)
            self._send(refund, document, returns, returns.create_return, CREATE_RETURN)
        else:
            credits = self.connector.supporting(Credits)
            self._send(refund, document, credits, credits.create_credit, CREATE_CREDIT)

    def _send(
        self,
        refund: StoreRefund,
        document: NewCredit,
        part: Credits | ReturnOrders,
        create: Callable[[NewCredit], ErpCredit],
        operation: str,
    ) -> None:
        with attempts.intend(
            operation,
            document.reference,
            _values(refund, document),
            deadline=part.call_deadline,
            settle_after=part.settle_after,
        ) as attempt:
            created = create(document)
        link = self.link(refund, created, attempt)
        self.written.append(f"created {created.number or created.external_id}")
        self.settle(link, created)

    def find_lost(self, lost: list[Attempt], refunds: dict[int, StoreRefund]) -> None:
        """Link what earlier sends left in the ERP; waits while one may still appear, and else gives it up."""
        missing = []
        for attempt in lost:
            found = self._find(attempt)
            refund = refunds[int(attempt.values["refund"])]
            if len(found) > 1:
                raise double(refund, found)
            if found:
                self.link(refund, found[0], attempt, is_adopted=True)
                self.written.append(f"adopted {found[0].number or found[0].external_id}")
            else:
                missing.append(attempt)
        if missing:
            attempts.wait_until_settled(missing)
            for attempt in missing:
                attempts.close(attempt, Attempt.State.LOST)

    def _find(self, attempt: Attempt) -> list[ErpCredit]:
        if attempt.operation == CREATE_RETURN:
            return self.connector.supporting(ReturnOrders).find_returns([attempt.key])
        return self.connector.supporting(Credits).find_credits([attempt.key])

    def link(
        self, refund: StoreRefund, found: ErpCredit, attempt: Attempt, *, is_adopted: bool = False
    ) -> CreditLink:
        """Note that the refund is this document, and close the attempt: both or neither."""
        values = attempt.values
        try:
            with transaction.atomic():
                made = CreditLink.objects.create(
                    refund=refund,
                    connection=self.connection,
                    external_id=found.external_id,
                    number=storable(found.number)[:60],
                    origin=CreditLink.Origin.STORE,
                    reference=attempt.key,
                    is_return=found.is_return,
                    is_adopted=is_adopted,
                    state=CreditLink.State.CREATED,
                    currency=values["currency"],
                    expected_total=Decimal(values["total"]),
                    expected_tax=Decimal(values["tax"]),
                    sent_document=values.get("document"),
                )
                attempts.close(attempt, Attempt.State.CONFIRMED, found.external_id)
                mirror_credits(self.connection, [found])
        except IntegrityError as error:
            raise double(refund, [found]) from error
        return made

    def adopt(self, refund: StoreRefund, found: ErpCredit) -> CreditLink:
        """Link what the ERP is known to hold of a refund that nothing of ours tells of; a person looks at a draft."""
        is_draft = found.stage is CreditStage.REQUESTED
        is_done = not is_draft if found.is_return else found.stage is CreditStage.CREDITED
        self.written.append(f"adopted {found.number or found.external_id}")
        return CreditLink.objects.create(
            refund=refund,
            connection=self.connection,
            external_id=found.external_id,
            number=storable(found.number)[:60],
            origin=CreditLink.Origin.STORE,
            reference=found.reference,
            is_return=found.is_return,
            is_adopted=True,
            state=CreditLink.State.DONE if is_done else CreditLink.State.CREATED,
            currency=found.currency,
        )

    # ------------------------------------------------------------------------------------------- afterwards

    def settle(self, link: CreditLink, created: ErpCredit | None = None) -> None:
        """Compare what the ERP made of it, and post or approve it where that is left to do.

        Raises Conflict where the totals differ: the document stays as it is for a person to correct.
        """
        if link.is_return:
            # Its warehouse may receive less: what is credited in the end is the ERP's word.
            self._done(link, self._approve(link) or created)
            return
        credits = self.connector.supporting(Credits)
        found = created if created is not None and created.totals else self._read(credits, link)
        if not self._is_equal(link, found):
            raise _differs(link)
        if credits.credits_begin_as_drafts:
            self._post(credits, link)
            found = self._read(credits, link)
        self._done(link, found)

    def _read(self, credits: Credits, link: CreditLink) -> ErpCredit:
        found = credits.read_credits([link.external_id])
        if not found:
            young = CreditLink.objects.filter(pk=link.pk, created_at__gt=Now() - credits.settle_after)
            if young.exists():
                # A look-up may lag behind the create, and a person would be sent for nothing.
                words = (
                    f"{link.number or link.external_id} was made, and the ERP's look-up does not show it yet."
                )
                raise NotReadyYet(words, after=credits.settle_after.total_seconds())
            raise Conflict(
                f"{link.number or link.external_id}, the credit of {link.refund}, is not in the ERP any more. Restore "
                "it there, or dismiss this where it is credited another way.",
                code="gone_from_erp",
                evidence=_evidence(link),
            )
        return found[0]

    def _approve(self, link: CreditLink) -> ErpCredit | None:
        """What becomes of a draft; a refund's return order waits for no clerk. None where none begins as a draft."""
        returns = self.connector.supporting(ReturnOrders)
        if not returns.returns_begin_as_drafts:
            return None
        found = approve(self.connection, returns, link.external_id, link.reference, evidence=_evidence(link))
        self.written.append(f"approved {found.number or found.external_id}")
        return found

    def _post(self, credits: Credits, link: CreditLink) -> None:
        check_may_write(self.connection)
        for outcome in credits.post_credits([link.external_id]):
            if outcome.failure is not None:
                if isinstance(outcome.failure, NeedsReview):
                    outcome.failure.evidence.update(_evidence(link))
                raise outcome.failure
        self.written.append(f"posted {link.number or link.external_id}")

    def _is_equal(self, link: CreditLink, found: ErpCredit) -> bool:
        totals = found.totals
        link.erp_total, link.erp_tax = (totals.including_tax, totals.tax) if totals else (None, None)
        expected = (link.currency, link.expected_total, link.expected_tax)
        is_equal = totals is not None and (totals.currency, totals.including_tax, totals.tax) == expected
        link.state = CreditLink.State.CREATED if is_equal else CreditLink.State.DIFFERS
        link.save(update_fields=["erp_total", "erp_tax", "state"])
        return is_equal

    def _done(self, link: CreditLink, found: ErpCredit | None) -> None:
        link.state = CreditLink.State.DONE
        if found is not None:
            # Posting may give it another number.
            link.number = storable(found.number)[:60]
        with transaction.atomic():
            link.save(update_fields=["state", "number"])
            if found is not None:
                mirror_credits(self.connection, [found])


def double(refund: StoreRefund, found: list[ErpCredit]) -> Conflict:
    """Several documents of the ERP claim one refund, or one document several refunds."""
    numbers = [one.number or one.external_id for one in found]
    return Conflict(
        f"{refund} led to {', '.join(numbers)} in the ERP, and one of them is too many or another refund's. Keep one, "
        "delete or reverse the others there, then press Try again.",
        code="double_in_erp",
        evidence={"refund": refund.external_id, "documents": numbers},
    )


def _differs(link: CreditLink) -> Conflict:
    expected, arrived = (
        round_money(amount or Decimal(0), link.currency) for amount in (link.expected_total, link.erp_total)
    )
    return Conflict(
        f"{link.refund} is worth {expected} {link.currency} (tax {link.expected_tax}) in the store, its credit "
        f"{link.number or link.external_id} is {arrived} (tax {link.erp_tax}) in the ERP. Correct the document there, "
        "then press Try again.",
        code="totals_differ",
        evidence=_evidence(link),
    )


def _evidence(link: CreditLink) -> dict[str, object]:
    return {
        "refund": link.refund.external_id,
        "document": link.number or link.external_id,
        "currency": link.currency,
        "store_total": str(link.expected_total),
        "store_tax": str(link.expected_tax),
        "erp_total": str(link.erp_total),
        "erp_tax": str(link.erp_tax),
    }


def _values(refund: StoreRefund, document: NewCredit) -> dict[str, object]:
    return {
        "refund": refund.pk,
        "currency": document.currency,
        "total": str(document.total_including_tax),
        "tax": str(document.total_tax),
        "document": msgspec.to_builtins(document),
    }
