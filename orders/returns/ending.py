"""What the ERP's side says of a return: done, withdrawn, or taken up again."""

from __future__ import annotations

from dataclasses import dataclass

from hub.connectors.credits import CreditStage
from hub.connectors.return_processing import ReturnInStore
from hub.connectors.store_returns import ReturnState
from orders.models import ErpCredit, RefundPolicy, StoreReturn
from orders.returns.deciding import linked_order_of, return_order_of
from orders.returns.desk import CANCEL, CLOSE, Desk

_WITHDRAWN = (CreditStage.DECLINED.value, CreditStage.CANCELLED.value)
_UNDER_WAY = (CreditStage.APPROVED.value, CreditStage.RECEIVED.value)


@dataclass(frozen=True, slots=True)
class ErpsWord:
    """Closes, cancels and reopens returns of one order as the ERP's return orders and credits say."""

    desk: Desk
    policy: RefundPolicy

    def settles(self, row: StoreReturn, found: ReturnInStore) -> bool:
        """Whether nothing is left to do about this return; what there was is done."""
        state, erp = found.returned.state, self._return_order(row)
        if erp is not None and erp.stage in _WITHDRAWN and state is ReturnState.OPEN:
            self._withdraw(found, erp)
            return True
        if erp is not None and erp.stage in _UNDER_WAY and state is ReturnState.CLOSED:
            return self._take_up(row, found)
        is_erps = self.policy.inspection == RefundPolicy.Inspection.ERP
        has_credited = is_erps or _is_credited(linked_order_of(row))
        if state is ReturnState.OPEN and has_credited and self._is_over(found, erp):
            self.desk.close(found, "the ERP has credited it")
            return True
        return is_erps

    def _return_order(self, row: StoreReturn) -> ErpCredit | None:
        """Where the ERP decides; of a return that began there its word counts in any case."""
        is_erps = self.policy.approval == RefundPolicy.Approval.ERP
        return return_order_of(row) if is_erps else linked_order_of(row)

    def _withdraw(self, found: ReturnInStore, erp: ErpCredit) -> None:
        """Of which something was taken back, that stays: nothing more will come."""
        why = f"return order {erp} was withdrawn in the ERP"
        if found.has_begun:
            self.desk.close(found, why)
        else:
            self.desk.cancel(found, why)

    def _take_up(self, row: StoreReturn, found: ReturnInStore) -> bool:
        """The ERP goes on with what we closed because it had withdrawn it; a person's own closing stands."""
        if self.desk.last_end(row) not in (CLOSE, CANCEL) or found.is_processed:
            return False
        self.desk.reopen(found)
        return True

    def _is_over(self, found: ReturnInStore, erp: ErpCredit | None) -> bool:
        """All is taken back, or the ERP is through with its return order and every credit of it is in the store."""
        if found.is_processed:
            return True
        return _is_credited(erp) and found.has_begun and not self._has_due_credits()

    def _has_due_credits(self) -> bool:
        credits = ErpCredit.objects.filter(
            order=self.desk.order, is_return=False, stage=CreditStage.CREDITED.value, refund_external_id=""
        )
        return any(one.pushed_hash != one.document_hash for one in credits)


def _is_credited(erp: ErpCredit | None) -> bool:
    return erp is not None and erp.stage == CreditStage.CREDITED.value
