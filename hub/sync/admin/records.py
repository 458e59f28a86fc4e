"""From a subject to its page and its name. Pages and models are strings: this room knows no order."""

from __future__ import annotations

from typing import Any, TypeVar

from django.apps import apps
from django.db.models import Case, CharField, F, Func, Model, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import NullIf
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html

# kind of subject → the page of its record
PAGES = {
    "order": "admin:orders_storeorder_change",
    "quote": "admin:orders_storequote_change",
    "quote_request": "admin:orders_storequote_change",
    "erp_order": "admin:orders_erporder_change",
    "partner_order": "admin:orders_partnerorder_change",
    "location": "admin:companies_storecompanylocation_change",
}
# kind of subject → its model, and the columns by which people know its record
NAMES = {
    "order": ("orders.StoreOrder", ("name", "po_number")),
    "quote": ("orders.StoreQuote", ("name", "po_number")),
    "quote_request": ("orders.StoreQuote", ("name", "po_number")),
    "erp_order": ("orders.ErpOrder", ("number", "po_number")),
    "partner_order": ("orders.PartnerOrder", ("number", "po_number")),
    "location": ("companies.StoreCompanyLocation", ("company_name", "name")),
}
_M = TypeVar("_M", bound=Model)
# What a flow is called for people; others are called by their name with blanks.
FLOW_NAMES = {
    "push_order_to_erp": "Send order to ERP",
    "push_erp_references": "Write ERP numbers back",
    "check_order_totals": "Check order totals",
    "check_order_twin": "Look for a second document",
    "check_subscriptions": "Check webhook subscriptions",
    "match_company_location": "Match company location",
    "pull_erp_orders": "Read the ERP's changes",
    "pull_store_orders": "Read the store's changes",
    "pull_company_locations": "Read company locations",
    "release_held_order": "Release held order",
    "pull_metafield_names": "Look for new metafields",
    "read_erp_orders": "Read ERP orders whole",
    "read_order_metafields": "Read metafields of orders",
    "read_store_orders": "Read orders whole",
    "answer_partner_requests": "Answer partners' requests",
    "place_partner_order": "Place a partner's order",
    "watch_orders": "Watch a store's orders",
    "watch_erp_orders": "Watch an ERP's orders",
}


def flow_name(flow: str) -> str:
    """The flow in plain words."""
    return FLOW_NAMES.get(flow, flow.replace("_", " ").capitalize())


def with_record_name(rows: QuerySet[_M]) -> QuerySet[Any]:
    """Rows with `subject` and `record_id`, each with the `record_name` of what it is about: a look-up for each."""
    cases = [
        When(subject__startswith=f"{kind}:", then=Subquery(_name_of(model, columns)))
        for kind, (model, columns) in NAMES.items()
    ]
    return rows.annotate(record_name=Case(*cases, default=Value(""), output_field=CharField()))


def _name_of(model: str, columns: tuple[str, ...]) -> QuerySet[Any, Any]:
    parts = [NullIf(F(column), Value("")) for column in columns]
    words = Func(Value(" – "), *parts, function="concat_ws", output_field=CharField())
    records = apps.get_model(model)._default_manager.filter(pk=OuterRef("record_id"))
    named: QuerySet[Any, Any] = records.annotate(words=words).order_by().values("words")
    return named


def record_address(subject: str) -> str:
    """The address of the page of what a task is about; empty where it has none."""
    kind, _, key = subject.partition(":")
    if kind not in PAGES or not key.isdigit():
        return ""
    try:
        return reverse(PAGES[kind], args=[key])
    except NoReverseMatch:
        return ""


def record_link(subject: str, name: str = "") -> str:
    """The subject, by its name where that is known, as a link to its page where it has one."""
    address = record_address(subject)
    return (
        format_html('<a class="concord-link" href="{}">{}</a>', address, name or subject.replace(":", " "))
        if address
        else subject
    )
