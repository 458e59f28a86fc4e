"""What became of every order of a store: one line a count."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from hub.sync.admin import ReadOnlyAdmin
from hub.sync.admin.shown import as_evidence, badge
from hub.sync.enqueue import enqueue
from orders.models import OrderLedger


@admin.register(OrderLedger)
class OrderLedgerAdmin(ReadOnlyAdmin):
    list_display = (
        "store",
        "began_at",
        "shown_state",
        "shown_total",
        "in_erp",
        "held",
        "excluded",
        "on_its_way",
        "unexplained",
        "missed",
    )
    list_filter = ("store",)
    list_select_related = ("store",)
    sortable_by = ()
    actions = ("count_again",)
    fields = (
        "store",
        "since",
        "began_at",
        "finished_at",
        "listed",
        "missed",
        "in_erp",
        "held",
        "excluded",
        "on_its_way",
        "unexplained",
        "shown_reasons",
    )
    readonly_fields = ("shown_reasons",)

    @admin.display(description="State")
    def shown_state(self, ledger: OrderLedger) -> SafeString:
        if ledger.finished_at is None:
            return badge("reading the store's list", "busy")
        return (
            badge("look here", "bad") if ledger.unexplained or ledger.missed else badge("explained", "good")
        )

    @admin.display(description="Orders")
    def shown_total(self, ledger: OrderLedger) -> int:
        return ledger.total

    @admin.display(description="Why")
    def shown_reasons(self, ledger: OrderLedger) -> SafeString:
        """Reasons and how many orders each, the commonest first."""
        found: dict[str, Any] = ledger.reasons
        return as_evidence(
            {
                group: [f"{number} × {reason}" for reason, number in sorted(why.items(), key=lambda e: -e[1])]
                for group, why in found.items()
                if why
            }
        )

    @admin.action(description="Count again now", permissions=["decide"])
    def count_again(self, request: HttpRequest, ledgers: QuerySet[OrderLedger]) -> None:
        stores = set(ledgers.values_list("store_id", flat=True))
        for store_id in stores:
            enqueue("check_order_ledger", store_id)
        messages.success(
            request, f"{len(stores)} stores are counted now; a new line appears when it is done."
        )
