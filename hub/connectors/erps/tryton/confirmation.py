"""Confirming sales: what is a draft is quoted, what is quoted is confirmed, and Tryton processes it by itself.

It does so right after the confirmation or, with workers of its own, a little later: "confirmed" is as far as our work
goes, and the button "process" is for its sales administrators. What fails there stays confirmed and is told there.
Each step takes many sales in one transaction, and one that Tryton refuses rolls back the step for all: then the halves
are tried apart. Confirmations lock tables there, so only one call runs at a time; one that fails for a lock (503) was
rolled back, and the next run reads the states first.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import ClassVar

from hub.connectors.base import CallKind
from hub.connectors.erp_parts import Confirmation, Confirmed
from hub.connectors.erps.tryton.client import Client
from hub.connectors.erps.tryton.records import id_of
from hub.errors import Conflict, NeedsReview, OutcomeUnknown, RecordRejected, Unreachable

# state of a sale: the button that leads on from it
STEPS = (("draft", "quote"), ("quotation", "confirm"))
Failures = dict[int, NeedsReview]


class TrytonConfirmation(Confirmation):
    """The part Confirmation, played with a client."""

    # A sale takes about half a second to be confirmed and processed; a call of twenty is far from its deadline.
    confirm_batch: ClassVar[int] = 20

    client: Client
    confirming: threading.Lock

    def confirm_sales_orders(self, external_ids: Sequence[str]) -> list[Confirmed]:
        """Sales that are done already are left as they are; one that was cancelled there is asked about."""
        wanted = [int(text) for text in dict.fromkeys(external_ids) if text.isascii() and text.isdigit()]
        failures: Failures = {}
        with self.confirming:
            states = self.states_of(wanted)
            for state, button in STEPS:
                ids = [number for number in wanted if states.get(number) == state]
                if ids:
                    failures |= self._press(button, ids)
                    states = self._after(button, ids, states, failures)
            states |= self.states_of(list(failures))
        return [
            Confirmed(str(number), states[number], _failure(number, states[number], failures))
            for number in wanted
            if number in states
        ]

    def _after(
        self, button: str, ids: list[int], states: dict[int, str], failures: Failures
    ) -> dict[int, str]:
        """Their states after a step: a quote leads to one state for sure, the others are read."""
        if button == "quote":
            return states | {number: "quotation" for number in ids if number not in failures}
        return states | self.states_of(ids)

    def states_of(self, numbers: Sequence[int]) -> dict[int, str]:
        """The states of these sales; those that are gone are left out."""
        if not numbers:
            return {}
        rows = self.client.records(
            "sale.sale", [["id", "in", list(numbers)]], ["state"], operation="read states of sales"
        )
        return {id_of(row): str(row.get("state")) for row in rows}

    def _press(self, button: str, ids: list[int]) -> Failures:
        """Press a button on these sales; returns those that were refused, in Tryton's words."""
        try:
            self.client.call(
                CallKind.WRITE, f"model.sale.sale.{button}", ids, operation=f"{button} {len(ids)} sales"
            )
        except OutcomeUnknown as error:
            raise Unreachable(f"{error} Their states are read before the next try.") from error
        except RecordRejected as refusal:
            if len(ids) == 1:
                return {ids[0]: refusal}
            middle = len(ids) // 2
            return self._press(button, ids[:middle]) | self._press(button, ids[middle:])
        return {}


def _failure(number: int, state: str, failures: Failures) -> NeedsReview | None:
    """A refusal counts while the sale waits for a button still: a person may have pressed it in the same moment."""
    if state in dict(STEPS):
        return failures.get(number) or _untouched(number, state)
    if state != "cancelled":
        return None
    return Conflict(
        "The sale was cancelled in Tryton before it was confirmed. Cancel the order in the store as well, or press "
        "Draft on the sale in Tryton and then Try again here.",
        code="cancelled_in_erp",
        evidence={"external_id": str(number)},
    )


def _untouched(number: int, state: str) -> RecordRejected:
    """Tryton took the call and did nothing, as an extension of somebody's may have it."""
    return RecordRejected(
        f"Tryton took the confirmation and left the sale in state {state!r}. See what keeps it there, confirm it "
        "there or press Try again.",
        evidence={"external_id": str(number), "state": state},
    )
