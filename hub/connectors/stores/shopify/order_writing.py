"""Orders that were taken elsewhere, put into a shop: as a finished order, or as a draft that is completed.

An order carries its mark twice: as `sourceIdentifier`, which nobody can change, and as a tag, which a draft can carry
as well and which comes with every webhook. Buyers can write neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from hub.connectors.store_orders import (
    MadeDraft,
    MadeOrder,
    OrderWriting,
    ShownMetafield,
    StoreGoods,
    StoreMetafield,
    StoreOrderDraft,
    StorePlace,
    StoreTerms,
    StoreTotals,
    StoreVariant,
    TermsTemplate,
)
from hub.connectors.stores.shopify.client import AdminClient, Reply, payload_of, refusal
from hub.connectors.stores.shopify.operations import operation
from hub.connectors.stores.shopify.order_inputs import draft_input, metafield_input, order_input, stamp
from hub.connectors.stores.shopify.paging import next_cursor
from hub.connectors.stores.shopify.references import REFERENCE_BATCH, ReferenceWriter
from hub.connectors.stores.shopify.shapes import (
    Node,
    clean,
    flag,
    gid,
    integer,
    member,
    members,
    money,
    optional_member,
    required_text,
    text,
)
from hub.errors import AmbiguousMatch, OutcomeUnknown

SKU_BATCH = 25
# The longest lag of the search index that was seen, twice.
SETTLE_AFTER = timedelta(minutes=10)
# What of a draft is empty where an input does not name it; lines, buyer and tags always are named.
_SAID_OF_DRAFTS = (
    "email",
    "shippingLine",
    "shippingAddress",
    "billingAddress",
    "poNumber",
    "note",
    "paymentTerms",
)
# "already there": whoever defined it, buyers may have been given access on purpose.
_TAKEN = "TAKEN"


def settle_time(config: Mapping[str, str]) -> timedelta:
    """How long a lost create may stay invisible: the connection's setting, else what is known of Shopify's search."""
    try:
        seconds = float(config.get("settle_after_seconds", ""))
    except ValueError:
        return SETTLE_AFTER
    return timedelta(seconds=seconds) if seconds > 0 else SETTLE_AFTER


class OrderWriter(OrderWriting):
    """How one shop is given orders. Safe to share between threads."""

    client: AdminClient
    sku_batch: ClassVar[int] = SKU_BATCH
    metafield_rows: ClassVar[int] = REFERENCE_BATCH

    def read_goods(self, skus: Sequence[str]) -> StoreGoods:
        """By search, which finds parts of words too: what it returns is compared exactly."""
        wanted = list(dict.fromkeys(filter(None, skus)))
        found: dict[str, list[StoreVariant]] = {}
        currency = ""
        for start in range(0, max(len(wanted), 1), SKU_BATCH):
            some = wanted[start : start + SKU_BATCH]
            for data in self._variant_pages(some):
                currency = required_text(member(data, "shop"), "currencyCode")
                for variant in _variants(data):
                    if variant.sku in some:
                        found.setdefault(variant.sku, []).append(variant)
        return StoreGoods(currency, {sku: tuple(variants) for sku, variants in found.items()})

    def _variant_pages(self, skus: Sequence[str]) -> Iterable[Node]:
        # Without a SKU only the currency is asked for: no variant has this id.
        search = " OR ".join(f"sku:{_quoted(sku)}" for sku in skus) or "id:0"
        after: str | None = None
        while True:
            reply = self.client.run(operation("VariantsBySku"), {"query": search, "after": after})
            yield reply.data
            after = next_cursor(member(reply.data, "productVariants"))
            if after is None:
                return

    def find_places(self, merchant_id: str) -> list[StorePlace]:
        """By search for the external id, compared exactly."""
        reply = self.client.run(
            operation("PlacesByMerchantId"), {"query": f"external_id:{_quoted(merchant_id)}"}
        )
        own = _few(member(reply.data, "companyLocations"), merchant_id)
        found = [node for node in own if text(node, "externalId") == merchant_id]
        for company in _few(member(reply.data, "companies"), merchant_id):
            if text(company, "externalId") == merchant_id:
                found += _few(member(company, "locations"), merchant_id)
        return list(dict.fromkeys(_place(node) for node in found))

    def payment_terms_templates(self) -> list[TermsTemplate]:
        """Every template of the shop."""
        reply = self.client.run(operation("PaymentTermsTemplates"), {})
        return [_template(node) for node in members(reply.data, "paymentTermsTemplates")]

    def create_order(self, draft: StoreOrderDraft) -> MadeOrder:
        """`orderCreate`, which keeps prices and taxes as they are given; stock is bypassed."""
        options = {"inventoryBehaviour": "BYPASS", "sendReceipt": draft.notifies_buyer}
        payload = self._write("CreateOrder", "orderCreate", {"order": order_input(draft), "options": options})
        return _made_order(made(payload, "order", "CreateOrder"))

    def find_orders(self, mark: str) -> list[MadeOrder]:
        """By source identifier or tag: the one is missing on completed drafts, the other may be taken off.

        What the search returns is compared exactly, but for the case of tags, which a shop may have in another.
        """
        search = f"source_identifier:{_quoted(mark)} OR tag:{_quoted(mark)}"
        reply = self.client.run(operation("FindMadeOrders"), {"query": search})
        found = _few(member(reply.data, "orders"), mark)
        return [_made_order(node) for node in found if _carries(node, mark)]

    def read_made_order(self, external_id: str) -> MadeOrder | None:
        """By id: nothing lags."""
        reply = self.client.run(operation("MadeOrderById"), {"id": external_id})
        node = optional_member(reply.data, "order")
        return _made_order(node) if node else None

    def create_payment_terms(self, order_external_id: str, terms: StoreTerms) -> None:
        """`paymentTermsCreate` with its one schedule."""
        variables = {"order": order_external_id, "terms": terms_input(terms)}
        self._write("CreatePaymentTerms", "paymentTermsCreate", variables)

    def create_draft(self, draft: StoreOrderDraft) -> MadeDraft:
        """`draftOrderCreate`; its payment terms are part of it."""
        payload = self._write("CreateDraftOrder", "draftOrderCreate", {"input": _draft_input(draft)})
        return made_draft(made(payload, "draftOrder", "CreateDraftOrder"))

    def change_draft(self, external_id: str, draft: StoreOrderDraft) -> MadeDraft:
        """`draftOrderUpdate`, which refuses a draft that was completed meanwhile."""
        variables = {"id": external_id, "input": whole(_draft_input(draft))}
        payload = self._write("UpdateDraftOrder", "draftOrderUpdate", variables)
        return made_draft(made(payload, "draftOrder", "UpdateDraftOrder"))

    def find_drafts(self, mark: str) -> list[MadeDraft]:
        """By tag."""
        reply = self.client.run(operation("FindMadeDrafts"), {"query": f"tag:{_quoted(mark)}"})
        return [made_draft(node) for node in _few(member(reply.data, "draftOrders"), mark)]

    def read_draft(self, external_id: str) -> MadeDraft | None:
        """By id: nothing lags."""
        reply = self.client.run(operation("MadeDraftById"), {"id": external_id})
        node = optional_member(reply.data, "draftOrder")
        return made_draft(node) if node else None

    def complete_draft(self, external_id: str) -> MadeDraft:
        """`draftOrderComplete`; an order without payment terms would be called paid."""
        payload = self._write("CompleteDraftOrder", "draftOrderComplete", {"id": external_id})
        return made_draft(made(payload, "draftOrder", "CompleteDraftOrder"))

    def write_order_metafields(self, wanted: Mapping[str, Sequence[StoreMetafield]]) -> dict[str, str]:
        """`metafieldsSet`, 25 rows at most; then `metafieldsDelete`, which takes what is not there as done."""
        rows = [
            {"ownerId": external_id, **metafield_input(one)}
            for external_id, metafields in wanted.items()
            for one in metafields
            if one.value
        ]
        if refused := ReferenceWriter(self.client).write_rows(rows):
            return refused
        withdrawn = [
            {"ownerId": external_id, "namespace": one.namespace, "key": one.key}
            for external_id, metafields in wanted.items()
            for one in metafields
            if not one.value
        ]
        for start in range(0, len(withdrawn), REFERENCE_BATCH):
            some = withdrawn[start : start + REFERENCE_BATCH]
            self._write("DeleteMetafields", "metafieldsDelete", {"metafields": some})
        return {}

    def define_metafields(self, wanted: Sequence[ShownMetafield]) -> dict[str, str]:
        """`metafieldDefinitionCreate`, one a call; what is defined already stays as it is."""
        defining, refused = operation("DefineMetafield"), {}
        for one in wanted:
            reply = self.client.run(defining, {"definition": _definition(one)})
            payload = payload_of(defining, reply, "metafieldDefinitionCreate")
            errors = [e for e in members(payload, "userErrors") if text(e, "code") != _TAKEN]
            if errors:
                refused[f"{one.namespace}.{one.key}"] = "; ".join(text(error, "message") for error in errors)
        return refused

    def _write(self, name: str, root: str, variables: Mapping[str, object]) -> Node:
        """The mutation's payload; raises RecordRejected for its user errors."""
        writing = operation(name)
        reply: Reply = self.client.run(writing, variables)
        payload = payload_of(writing, reply, root)
        errors = members(payload, "userErrors")
        if errors:
            raise refusal(writing, errors)
        return payload


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _few(connection: Node, wanted: str) -> list[Node]:
    """All nodes of a connection that is read by one page; raises AmbiguousMatch where there are more."""
    nodes = members(connection, "nodes")
    if flag(member(connection, "pageInfo"), "hasNextPage"):
        raise AmbiguousMatch(
            f"The shop holds more than {len(nodes)} records for {wanted!r}. Correct them there."
        )
    return nodes


def _carries(node: Node, mark: str) -> bool:
    tags = node.get("tags")
    own = tags if isinstance(tags, list) else []
    return text(node, "sourceIdentifier") == mark or mark.casefold() in (str(tag).casefold() for tag in own)


def _draft_input(draft: StoreOrderDraft) -> dict[str, Any]:
    given = draft_input(draft)
    return given | {"paymentTerms": terms_input(draft.terms)} if draft.terms else given


def whole(given: dict[str, Any]) -> dict[str, Any]:
    """DraftOrderInput of an update that leaves nothing of what the draft said before: a field not named would stay."""
    return {**dict.fromkeys(_SAID_OF_DRAFTS), "customAttributes": [], **given}


def terms_input(terms: StoreTerms) -> dict[str, object]:
    """PaymentTermsInput, which is also the form of PaymentTermsCreateInput."""
    return {
        "paymentTermsTemplateId": terms.template_external_id,
        "paymentSchedules": _schedules(terms),
    }


def _schedules(terms: StoreTerms) -> list[dict[str, str]]:
    if terms.due_at:
        return [{"dueAt": stamp(terms.due_at)}]
    return [{"issuedAt": stamp(terms.issued_at)}] if terms.issued_at else []


def _definition(one: ShownMetafield) -> dict[str, object]:
    return {
        "namespace": one.namespace,
        "key": one.key,
        "type": one.type,
        "name": one.name,
        "description": one.description,
        "ownerType": "ORDER",
        # No `admin`: only an app's own namespace may have it (facts of metafield definitions).
        "access": {"customerAccount": "READ", "storefront": "PUBLIC_READ"},
    }


def made(payload: Node, key: str, name: str) -> Node:
    """What the mutation shows of it; raises OutcomeUnknown where it shows nothing."""
    node = optional_member(payload, key)
    if node is None:
        raise OutcomeUnknown(f"{name}: the answer names neither an error nor what was made.")
    return node


def _variants(data: Node) -> list[StoreVariant]:
    nodes = members(member(data, "productVariants"), "nodes")
    return [
        StoreVariant(gid(node, "id", "ProductVariant"), text(node, "sku"), _title(clean(node)))
        for node in nodes
    ]


def _title(node: Node) -> str:
    return text(optional_member(node, "product") or {}, "title") or text(node, "title")


def _place(node: Node) -> StorePlace:
    company = gid(member(node, "company"), "id", "Company")
    return StorePlace(gid(node, "id", "CompanyLocation"), company)


def _template(node: Node) -> TermsTemplate:
    return TermsTemplate(
        external_id=gid(node, "id", "PaymentTermsTemplate"),
        type=required_text(node, "paymentTermsType"),
        due_in_days=integer(node, "dueInDays") if node.get("dueInDays") is not None else None,
        name=text(node, "name"),
    )


def _made_order(node: Node) -> MadeOrder:
    return MadeOrder(
        external_id=gid(node, "id", "Order"),
        name=text(clean(node), "name"),
        totals=_totals(node),
        has_payment_terms=node.get("paymentTerms") is not None,
    )


def made_draft(node: Node) -> MadeDraft:
    """What was made, or found."""
    order = optional_member(node, "order")
    return MadeDraft(
        external_id=gid(node, "id", "DraftOrder"),
        name=text(clean(node), "name"),
        totals=_totals(node),
        order_external_id=gid(order, "id", "Order") if order else "",
        prices_include_tax=flag(node, "taxesIncluded"),
    )


def _totals(node: Node) -> StoreTotals:
    total = money(member(member(node, "totalPriceSet"), "shopMoney"), "currencyCode")
    tax = optional_member(node, "totalTaxSet")
    taxed = money(member(tax, "shopMoney"), "currencyCode").amount if tax else total.amount * 0
    return StoreTotals(total.currency, total.amount, taxed)
