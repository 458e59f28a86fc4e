"""The GraphQL documents hold against the published schema, agree with each other, and cost at most 1000."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import graphql
import pytest

from hub.connectors.base import CallKind
from hub.connectors.stores.shopify.companies import LOCATION_BATCH
from hub.connectors.stores.shopify.draft_orders import DRAFTS_AT_ONCE
from hub.connectors.stores.shopify.fulfilments import FULFILMENT_BATCH, FULFILMENTS_AT_ONCE
from hub.connectors.stores.shopify.metafields import NAMES_AT_ONCE, RISKS_AT_ONCE, first_batch
from hub.connectors.stores.shopify.operations import QUERIES, operation, operations
from hub.connectors.stores.shopify.orders import FIRST_PAGE, OUTLINES, STAMPS
from hub.connectors.stores.shopify.references import REFERENCE_BATCH
from hub.connectors.stores.shopify.refunds import ORDERS_AT_ONCE, REFUNDS_AT_ONCE
from hub.connectors.stores.shopify.returns import FOUND_AT_ONCE, RETURNS_AT_ONCE
from hub.connectors.stores.shopify.stock import LARGEST_PAGE
from hub.connectors.stores.shopify.throttle import MAX_QUERY_COST, PageSize

REPOSITORY = Path(__file__).parents[3]
VALIDATOR = REPOSITORY.parent / "shared" / "checks" / "validate_graphql.py"
SCHEMA = REPOSITORY.parent / "shared" / "specs" / "shopify" / "admin-2026-07.nodesc.graphql"
# What the connector sends in a variable that sizes the query.
LARGEST = {
    "ChangedOrders": STAMPS,
    "ChangedDraftOrders": STAMPS,
    "DraftOrdersById": DRAFTS_AT_ONCE,
    "OrdersById": FIRST_PAGE,
    "OrderStamps": STAMPS,
    "OrderOutlines": OUTLINES,
    "ExistingOrders": REFERENCE_BATCH,
    "CompanyLocations": LOCATION_BATCH,
    "OrderFulfillments": FULFILMENT_BATCH,
    "FulfillmentsById": FULFILMENTS_AT_ONCE,
    "OrderRefunds": ORDERS_AT_ONCE,
    "RefundsById": REFUNDS_AT_ONCE,
    "OrderReturns": ORDERS_AT_ONCE,
    "ReturnsById": RETURNS_AT_ONCE,
    "OrdersWithReturns": FOUND_AT_ONCE,
    "ChangedLevels": LARGEST_PAGE,
    "LevelsOfItems": LARGEST_PAGE,
    "StockVariants": LARGEST_PAGE,
    "VariantsById": LARGEST_PAGE,
    "OrderMetafields": {"ids": first_batch(NAMES_AT_ONCE), "first": NAMES_AT_ONCE},
    "OrderRisks": RISKS_AT_ONCE,
}
NAMES = sorted(operations())


@pytest.mark.skipif(not VALIDATOR.exists(), reason="the published schema and its validator are not here")
def test_every_document_is_valid_against_the_published_schema_H1():
    run = subprocess.run(
        [sys.executable, VALIDATOR, REPOSITORY / "hub" / "connectors"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.stdout.endswith(" 0 with faults\n"), run.stdout + run.stderr
    assert run.returncode == 0


@pytest.mark.parametrize("name", NAMES)
def test_what_is_sent_is_one_operation_with_its_cost_and_the_fragments_that_it_uses(name):
    found = operation(name)

    sent = graphql.parse(found.text)
    assert [(type(part), part.name.value) for part in sent.definitions[:1]] == [
        (graphql.OperationDefinitionNode, name)
    ]
    assert {type(part) for part in sent.definitions[1:]} <= {graphql.FragmentDefinitionNode}
    used = set(re.findall(r"\.\.\.(\w+)", found.text))
    assert sorted(part.name.value for part in sent.definitions[1:]) == sorted(used)
    assert 0 < found.cost <= MAX_QUERY_COST


def test_every_operation_of_every_file_is_known_by_its_name_alone():
    written = [
        part.name.value
        for file in QUERIES.glob("*.graphql")
        for part in graphql.parse(file.read_text()).definitions
        if isinstance(part, graphql.OperationDefinitionNode)
    ]

    assert sorted(written) == NAMES


@pytest.fixture(scope="module")
def schema():
    if not SCHEMA.exists():
        pytest.skip("the published schema is not here")
    text = SCHEMA.read_text(encoding="utf-8")
    return graphql.build_ast_schema(graphql.parse(text, no_location=True), assume_valid=True)


class Points:
    """What a query costs by the published rules: objects 1, connections 2 and `first` times their node."""

    def __init__(self, schema, name):
        self.schema = schema
        self.value = LARGEST.get(name)
        self.definitions = graphql.parse(operation(name).text).definitions
        self.fragments = {d.name.value: d for d in self.definitions[1:]}

    def total(self):
        return self.of(self.definitions[0].selection_set, self.schema.query_type)

    def of(self, selections, parent):
        return sum(self.of_one(one, parent) for one in selections.selections)

    def of_one(self, one, parent):
        if isinstance(one, graphql.FragmentSpreadNode):
            one = self.fragments[one.name.value]
        if not isinstance(one, graphql.FieldNode):
            return self.of(one.selection_set, self.schema.get_type(one.type_condition.name.value))
        if one.selection_set is None or one.name.value == "pageInfo":
            return 0
        kind = graphql.get_named_type(parent.fields[one.name.value].type)
        inside = self.of(one.selection_set, kind)
        return (
            2 + self.size(one) * inside if kind.name.endswith("Connection") else self.size(one) * (1 + inside)
        )

    def size(self, field):
        for argument in field.arguments or ():
            if argument.name.value in ("first", "ids"):
                largest = self.value[argument.name.value] if isinstance(self.value, dict) else self.value
                return int(getattr(argument.value, "value", largest))
        return 1


@pytest.mark.parametrize("name", [name for name in NAMES if operation(name).kind is CallKind.READ])
def test_the_stated_cost_is_what_the_published_rules_give_at_most(name, schema):
    rules = Points(schema, name).total()

    assert rules <= operation(name).cost <= MAX_QUERY_COST


def test_only_these_operations_write():
    writers = [name for name in NAMES if operation(name).kind is CallKind.WRITE]

    assert writers == [
        "AddEditedDiscount",
        "AddEditedItem",
        "AddEditedShipping",
        "AddEditedVariant",
        "ApproveReturn",
        "BeginOrderEdit",
        "CancelFulfillment",
        "CancelOrder",
        "CancelReturn",
        "CloseReturn",
        "CommitOrderEdit",
        "CompleteDraftOrder",
        "CreateCarrierService",
        "CreateDraftOrder",
        "CreateFulfillment",
        "CreateOrder",
        "CreatePaymentTerms",
        "CreateRefund",
        "CreateReturn",
        "CreateWebhookSubscription",
        "DeclineReturn",
        "DefineMetafield",
        "DeleteCarrierService",
        "DeleteMetafields",
        "DeleteWebhookSubscription",
        "DisposeReturned",
        "MoveFulfillmentOrder",
        "ProcessReturn",
        "ReleaseFulfillmentHolds",
        "RemoveEditedDiscount",
        "RemoveEditedShipping",
        "ReopenReturn",
        "SetEditedQuantity",
        "TellFulfillmentEvent",
        "UpdateCarrierService",
        "UpdateDraftOrder",
        "UpdateEditedDiscount",
        "UpdateOrder",
        "UpdateTracking",
        "WriteReferences",
    ]


def test_a_fragment_says_the_same_in_every_file():
    texts = {}
    for name in NAMES:
        for fragment in re.split(r"^(?=fragment )", operation(name).text, flags=re.MULTILINE)[1:]:
            texts.setdefault(fragment.split()[1], set()).add(fragment.strip())

    assert {name for name, versions in texts.items() if len(versions) > 1} == set()


def test_a_page_grows_to_its_ceiling_and_never_above_the_budget():
    size = PageSize(start=4, ceiling=50, cost=860)

    size.learn(4, 40)

    assert size.now() == 50
    assert size.cost_of(50) == 500


def test_a_page_shrinks_to_one_when_a_single_item_is_dear():
    size = PageSize(start=4, ceiling=50, cost=860)

    size.learn(4, 4000)

    assert (size.now(), size.cost_of(1)) == (1, 1000)


@pytest.mark.parametrize("requested", [None, 0])
def test_an_answer_without_cost_teaches_nothing(requested):
    size = PageSize(start=4, ceiling=50, cost=860)

    size.learn(4, requested)

    assert (size.now(), size.cost_of(4)) == (4, 860)
