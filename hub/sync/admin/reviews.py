"""The review queue: what only a person can decide, with its evidence, and the decisions."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString

from hub.sync import review
from hub.sync.admin.bases import ReadOnlyAdmin
from hub.sync.admin.records import flow_name, record_link, with_record_name
from hub.sync.admin.shown import as_evidence, badge, pretty, words
from hub.sync.admin.tasks import FlowFilter
from hub.sync.flows import repair
from hub.sync.models import ReviewItem

# A hidden field of this name and an item's key carries what was shown of the item.
SHOWN = "shown-"
# Where a person goes back to after a decision made on another page than the list.
BACK = "back"
REASON = "reason"
CHOICE = "choice"
# What the codes of hold rules begin with.
HELD = "hold_"
_KINDS = {"open": "busy", "solved": "good", "decided": "calm"}


class OpenFirst(admin.SimpleListFilter):
    """Open items unless something else is asked for."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*ReviewItem.State.choices, ("all", "all")]

    def choices(self, changelist: Any) -> Any:
        for value, title in self.lookup_choices:
            yield {
                "selected": (self.value() or "open") == value,
                "query_string": changelist.get_query_string({self.parameter_name: value}),
                "display": title,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[ReviewItem]) -> QuerySet[ReviewItem]:
        # What was chosen on the page and closed meanwhile must be answered, not left out in silence.
        is_chosen_singly = request.method == "POST" and request.POST.get("select_across", "0") != "1"
        if is_chosen_singly or self.value() == "all":
            return queryset
        return queryset.filter(state=self.value() or ReviewItem.State.OPEN)


@admin.register(ReviewItem)
class ReviewItemAdmin(ReadOnlyAdmin):
    list_display = ("question", "kind", "connection", "about", "shown_state", "created_at")
    list_display_links = ("kind",)
    list_filter = (OpenFirst, "code", "connection", FlowFilter)
    search_fields = ("message", "=subject")
    search_help_text = "Words of the message"
    list_select_related = ("connection", "decided_by")
    actions = ("repair", "try_again", "approve", "choose", "reject", "dismiss", "take_back")
    fieldsets = (
        (None, {"fields": ("message", "shown_state", "kind", "about", "connection", "asked_by")}),
        ("Evidence", {"fields": ("shown_evidence",)}),
        ("What became of it", {"fields": ("created_at", "changed_at", "closed_at", "shown_decision")}),
        ("As stored", {"fields": ("raw_evidence",)}),
    )
    readonly_fields = (
        "shown_state",
        "kind",
        "about",
        "asked_by",
        "shown_evidence",
        "shown_decision",
        "raw_evidence",
    )
    change_form_template = "admin/sync/reviewitem/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReviewItem]:
        return with_record_name(super().get_queryset(request))

    @admin.display(description="Message", ordering="message")
    def question(self, item: ReviewItem) -> str:
        """The message, and in the form around the list what of the item was shown: see review.decide."""
        return format_html(
            '{}<input type="hidden" name="{}{}" value="{}">', item.message, SHOWN, item.pk, item.fingerprint
        )

    @admin.display(description="Reason", ordering="code")
    def kind(self, item: ReviewItem) -> str:
        return words(item.code)

    @admin.display(description="About")
    def about(self, item: Any) -> str:
        return record_link(item.subject, item.record_name or str(item.evidence.get("order") or ""))

    @admin.display(description="Asked by")
    def asked_by(self, item: ReviewItem) -> str:
        return flow_name(item.flow)

    @admin.display(description="State", ordering="state")
    def shown_state(self, item: ReviewItem) -> SafeString:
        text = item.decision or item.get_state_display()
        return badge(text, _KINDS[item.state])

    @admin.display(description="Decision")
    def shown_decision(self, item: ReviewItem) -> str:
        decider = item.decided_through or item.decided_by
        who = f" by {decider}" if decider else ""
        why = f": {item.reason}" if item.reason else ""
        return f"{item.decision}{who}{why}" if item.decision else "–"

    @admin.display(description="Evidence")
    def shown_evidence(self, item: ReviewItem) -> SafeString:
        return as_evidence(item.evidence)

    @admin.display(description="Evidence as stored")
    def raw_evidence(self, item: ReviewItem) -> SafeString:
        return pretty(item.evidence)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: ReviewItem | None = None,
    ) -> HttpResponse:
        """The page of one item has the same buttons as the list has actions, for what it shows."""
        context |= {"decisions": self.decisions(request, obj) if obj else [], "shown_as": SHOWN}
        return super().render_change_form(request, context, add, change, form_url, obj)

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Whoever decides about money alone has the buttons, too; which items are his is asked for each."""
        return any(review.may_decide(request.user, code) for code in ("", *review.MONEY_CODES))

    def _allowed(self, request: HttpRequest, items: QuerySet[ReviewItem]) -> list[ReviewItem]:
        """Those that this person may decide; the others are named."""
        allowed = [item for item in items.order_by("pk") if review.may_decide(request.user, item.code)]
        if left := items.count() - len(allowed):
            messages.error(request, f"{left} left as they are: you may decide questions about money only.")
        return allowed

    def decisions(self, request: HttpRequest, item: ReviewItem) -> list[tuple[str, str]]:
        """The decisions that this person may take on this item, as (action, label)."""
        if not review.may_decide(request.user, item.code):
            return []
        found = self.get_actions(request)
        offered = _offered(item)
        own = {"repair": str(item.evidence.get("repair", ""))}
        return [
            (name, own.get(name) or str(entry[2]))
            for name, entry in found.items()
            if entry and name in offered
        ]

    @admin.action(description="Repair, as each says", permissions=["decide"])
    def repair(self, request: HttpRequest, items: QuerySet[ReviewItem]) -> HttpResponse | None:
        """What its flow does about what it found; the question closes when the flow finds nothing any more."""
        allowed = [item for item in self._allowed(request, items) if "repair" in _offered(item)]
        for item in allowed:
            repair(item.flow, item.connection_id, item.record_id, item.evidence)
        _tell(request, f"{len(allowed)} are being put right now.")
        return _back(request)

    @admin.action(description="Try again", permissions=["decide"])
    def try_again(self, request: HttpRequest, items: QuerySet[ReviewItem]) -> HttpResponse | None:
        allowed = self._allowed(request, items)
        for item in allowed:
            review.run_again(item)
        _tell(request, f"{len(allowed)} will be tried again now.")
        return _back(request)

    @admin.action(description="Approve and send", permissions=["decide"])
    def approve(self, request: HttpRequest, items: QuerySet[ReviewItem]) -> HttpResponse | None:
        return self._decide(request, items, ReviewItem.Decision.APPROVED)

    @admin.action(description="Choose this answer", permissions=["decide"])
    def choose(self, request: HttpRequest, items: QuerySet[ReviewItem]) -> HttpResponse | None:
        """One of the answers that an item offers; which one stands in the form."""
        return self._decide(request, items, ReviewItem.Decision.APPROVED, chosen=request.POST.get(CHOICE, ""))

    @admin.action(description="Reject, with a reason", permissions=["decide"])
    def reject(self, request: HttpRequest, items: QuerySet[ReviewItem]) -> HttpResponse | None:
        """Asks for the reason first; what was shown when the button was pressed travels with the question."""
        reason = request.POST.get(REASON, "").strip()
        if reason:
            return self._decide(request, items, ReviewItem.Decision.REJECTED, reason=reason)
        allowed = self._allowed(request, items)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Reject: why?",
            "items": [(item, request.POST.get(f"{SHOWN}{item.pk}", "")) for item in allowed],
            "was_asked": REASON in request.POST,
            "shown_as": SHOWN,
            "back": request.POST.get(BACK, ""),
            "address": reverse("admin:sync_reviewitem_changelist"),
        }
        return TemplateResponse(request, "admin/sync/reviewitem/reject.html", context)

    @admin.action(description="Take back a rejection", permissions=["decide"])
    def take_back(self, request: HttpRequest, items: QuerySet[ReviewItem]) -> HttpResponse | None:
        taken = 0
        for item in self._allowed(request, items):
            who = request.user.get_username()
            refusal = review.take_back(item.pk, user_id=request.user.pk, username=who)
            taken += not refusal
            if refusal:
                messages.error(request, f"Not taken back: {item.message[:120]} {refusal}")
            else:
                review.run_again(item)
        if taken:
            _tell(request, f"{taken} taken back: decided anew now.")
        return _back(request)

    @admin.action(description="Dismiss", permissions=["decide"])
    def dismiss(self, request: HttpRequest, items: QuerySet[ReviewItem]) -> HttpResponse | None:
        return self._decide(request, items, ReviewItem.Decision.DISMISSED)

    def _decide(
        self,
        request: HttpRequest,
        items: QuerySet[ReviewItem],
        decision: ReviewItem.Decision,
        *,
        reason: str = "",
        chosen: str = "",
    ) -> HttpResponse | None:
        """What was not shown (all pages selected at once) has no fingerprint in the form, and is refused as well."""
        taken = 0
        for key in [item.pk for item in self._allowed(request, items)]:
            shown = request.POST.get(f"{SHOWN}{key}", "")
            item, refusal = review.decide(
                key, decision, shown=shown, user_id=request.user.pk, reason=reason, chosen=chosen
            )
            taken += not refusal
            if refusal:
                messages.error(request, f"Not {decision.label}: {item.message[:120]} {refusal}")
            elif review.lets_go_on(item):
                review.run_again(item)
        if taken:
            _tell(request, f"{taken} {decision.label}.")
        return _back(request)


def _tell(request: HttpRequest, words: str) -> None:
    """What went well is told where there is a page to tell it on."""
    messages.success(request, words, fail_silently=True)


def _back(request: HttpRequest) -> HttpResponse | None:
    """To the page where the decision was made, where that is one of ours; else to the list."""
    back = request.POST.get(BACK, "")
    if url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        return HttpResponseRedirect(back)
    return None


def _offered(item: ReviewItem) -> tuple[str, ...]:
    """The actions that mean something for this item as it stands."""
    if item.decision == ReviewItem.Decision.REJECTED:
        return ("take_back",)
    if item.state != ReviewItem.State.OPEN:
        return ()
    if item.answered_at:
        return ("try_again",)
    if item.choices:
        return ("try_again", "choose", *(("reject",) if item.may_be_rejected else ()), "dismiss")
    if item.evidence.get("repair"):
        return ("repair", "try_again", "dismiss")
    if not item.may_be_rejected:
        return ("try_again", "approve", "dismiss")
    # What a hold rule asks is answered with a reason, or it would be asked again with the next news of the order.
    is_held = item.code.startswith(HELD)
    return ("try_again", "approve", "reject") if is_held else ("try_again", "approve", "reject", "dismiss")
