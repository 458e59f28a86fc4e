"""What the simulated store makes of edits of an order, and what it refuses."""

from __future__ import annotations

import json

import pytest

MONEY = "shopMoney { amount }"
ORDER = f"""query Read($id: ID!) {{ order(id: $id) {{
  closed edited displayFinancialStatus merchantEditable merchantEditableErrors
  totalPriceSet {{ {MONEY} }} currentTotalPriceSet {{ {MONEY} }} currentTotalTaxSet {{ {MONEY} }}
  totalOutstandingSet {{ {MONEY} }} currentSubtotalPriceSet {{ {MONEY} }}
  paymentTerms {{ paymentSchedules(first: 5) {{ nodes {{ balanceDue {{ amount }} }} }} }}
  lineItems(first: 20) {{ nodes {{ id title sku quantity currentQuantity merchantEditable
    originalUnitPriceSet {{ {MONEY} }} taxLines {{ priceSet {{ {MONEY} }} }}
    discountAllocations {{ allocatedAmountSet {{ {MONEY} }} discountApplication {{ __typename }} }} }} }} }} }}"""
BEGIN = """mutation Begin($id: ID!) { orderEditBegin(id: $id) { orderEditSession { id } userErrors { field message }
  calculatedOrder { id shippingLines { id title stagedStatus } lineItems(first: 20) { nodes {
    id quantity editableQuantity calculatedDiscountAllocations { discountApplication { id } } } } } } }"""
LINE = "calculatedLineItem { id quantity discountedUnitPriceSet { shopMoney { amount } } }"
ERRORS = "userErrors { field message }"
SET = f"""mutation Set($id: ID!, $line: ID!, $n: Int!) {{
  orderEditSetQuantity(id: $id, lineItemId: $line, quantity: $n, restock: true) {{ {LINE} {ERRORS}
    calculatedOrder {{ totalPriceSet {{ {MONEY} }} stagedChanges(first: 5) {{ nodes {{ __typename }} }} }} }} }}"""
ADD = f"""mutation Add($id: ID!, $variant: ID!, $n: Int!, $twice: Boolean) {{
  orderEditAddVariant(id: $id, variantId: $variant, quantity: $n, allowDuplicates: $twice) {{ {LINE} {ERRORS} }} }}"""
CUSTOM = f"""mutation Custom($id: ID!, $title: String!, $n: Int!, $price: MoneyInput!) {{
  orderEditAddCustomItem(id: $id, title: $title, quantity: $n, price: $price) {{ {LINE} {ERRORS} }} }}"""
DISCOUNT = f"""mutation Discount($id: ID!, $line: ID!, $off: OrderEditAppliedDiscountInput!) {{
  orderEditAddLineItemDiscount(id: $id, lineItemId: $line, discount: $off) {{ {LINE} {ERRORS} }} }}"""
REDISCOUNT = f"""mutation Update($id: ID!, $gid: ID!, $off: OrderEditAppliedDiscountInput!) {{
  orderEditUpdateDiscount(id: $id, discountApplicationId: $gid, discount: $off) {{ {ERRORS} }} }}"""
UNDISCOUNT = f"""mutation Remove($id: ID!, $gid: ID!) {{
  orderEditRemoveDiscount(id: $id, discountApplicationId: $gid) {{ {ERRORS} }} }}"""
FREIGHT = f"""mutation Freight($id: ID!, $line: OrderEditAddShippingLineInput!) {{
  orderEditAddShippingLine(id: $id, shippingLine: $line) {{ calculatedShippingLine {{ id }} {ERRORS} }} }}"""
NO_FREIGHT = f"""mutation NoFreight($id: ID!, $gid: ID!) {{
  orderEditRemoveShippingLine(id: $id, shippingLineId: $gid) {{ {ERRORS} }} }}"""
COMMIT = f"""mutation Commit($id: ID!) {{ orderEditCommit(id: $id, notifyCustomer: false, staffNote: "note") {{
  successMessages {ERRORS} }} }}"""
VAT = [{"title": "VAT", "rate": "0.19"}]


def cad(amount):
    return {"amount": amount, "currencyCode": "CAD"}


def ask(store, document, **variables):
    """The payload of a mutation."""
    [payload] = store.data(document, **variables).values()
    return payload


def begun(store, gid):
    """The calculated order's id and its lines."""
    order = ask(store, BEGIN, id=gid)["calculatedOrder"]
    return order["id"], order["lineItems"]["nodes"]


def words(payload):
    return [(error["field"], error["message"]) for error in payload["userErrors"]]


def read(store, gid):
    return store.data(ORDER, id=gid)["order"]


def amounts(order, *names):
    return [order[name]["shopMoney"]["amount"] for name in names]


def send_one(store, gid):
    """One piece of the first line is sent."""
    store.store.act("fulfil_by_hand", {"order": gid, "pieces": 1})


def test_nothing_changes_before_the_commit_and_all_of_it_with_it(store):
    gid = store.place(taxes=VAT, lines=[{"sku": "A", "quantity": 5, "price": "10.00"}])
    edit, [line] = begun(store, gid)

    staged = ask(store, SET, id=edit, line=line["id"], n=3)["calculatedOrder"]
    before = read(store, gid)
    committed = ask(store, COMMIT, id=edit)

    assert amounts(staged, "totalPriceSet") == ["35.7"]
    assert staged["stagedChanges"]["nodes"] == [{"__typename": "OrderStagedChangeDecrementItem"}]
    assert amounts(before, "currentTotalPriceSet") == ["59.5"]
    assert committed == {"successMessages": ["Order updated"], "userErrors": []}
    after = read(store, gid)
    assert amounts(after, "totalPriceSet", "currentTotalPriceSet", "currentTotalTaxSet") == [
        "59.5",
        "35.7",
        "5.7",
    ]
    assert [(n["quantity"], n["currentQuantity"]) for n in after["lineItems"]["nodes"]] == [(5, 3)]
    assert after["paymentTerms"]["paymentSchedules"]["nodes"] == [{"balanceDue": {"amount": "35.7"}}]


def test_more_pieces_and_new_lines_move_the_orders_own_totals_and_are_taxed_as_the_others(store):
    gid = store.place(taxes=VAT)
    edit, [line] = begun(store, gid)
    [bellows] = [v for v in store.store.truth()["variants"] if v["sku"] == "B"]

    ask(store, SET, id=edit, line=line["id"], n=4)
    added = ask(store, ADD, id=edit, variant=bellows["id"], n=2)["calculatedLineItem"]
    ask(store, CUSTOM, id=edit, title="Engraving", n=1, price=cad("3.00"))
    ask(store, COMMIT, id=edit)

    assert amounts(added, "discountedUnitPriceSet") == ["7.35"]
    after = read(store, gid)
    assert amounts(after, "totalPriceSet", "currentTotalPriceSet", "currentSubtotalPriceSet") == [
        "68.66",
        "68.66",
        "57.7",
    ]
    assert [(n["sku"], n["title"], n["currentQuantity"]) for n in after["lineItems"]["nodes"]] == [
        ("A", "Anvil", 4),
        ("B", "Bellows", 2),
        (None, "Engraving", 1),
    ]


def test_a_discount_is_taken_off_each_piece_changed_and_taken_back(store):
    gid = store.place(taxes=VAT, lines=[{"sku": "A", "quantity": 3, "price": "10.00"}])
    edit, [line] = begun(store, gid)
    priced = ask(
        store, DISCOUNT, id=edit, line=line["id"], off={"fixedValue": cad("1.50"), "description": "Deal"}
    )
    ask(store, COMMIT, id=edit)
    discounted = read(store, gid)
    edit, [line] = begun(store, gid)
    [held] = line["calculatedDiscountAllocations"]
    again = ask(store, DISCOUNT, id=edit, line=line["id"], off={"percentValue": 50})
    ask(store, REDISCOUNT, id=edit, gid=held["discountApplication"]["id"], off={"percentValue": 50})
    ask(store, COMMIT, id=edit)
    halved = read(store, gid)
    edit, [line] = begun(store, gid)
    [held] = line["calculatedDiscountAllocations"]
    ask(store, UNDISCOUNT, id=edit, gid=held["discountApplication"]["id"])
    ask(store, COMMIT, id=edit)

    assert amounts(priced["calculatedLineItem"], "discountedUnitPriceSet") == ["8.5"]
    assert amounts(discounted, "currentSubtotalPriceSet", "currentTotalTaxSet") == ["25.5", "4.85"]
    assert words(again) == [(["lineItemId"], "The line item already has a manual discount.")]
    assert amounts(halved, "currentSubtotalPriceSet", "currentTotalTaxSet") == ["15.0", "2.85"]
    assert amounts(read(store, gid), "currentSubtotalPriceSet", "currentTotalTaxSet") == ["30.0", "5.7"]


def test_shipping_is_taken_off_with_its_tax_and_another_put_on(store):
    gid = store.place(taxes=VAT, shipping=[{"title": "Freight", "price": "10.00"}])
    payload = ask(store, BEGIN, id=gid)["calculatedOrder"]
    edit, [charge] = payload["id"], payload["shippingLines"]

    ask(store, NO_FREIGHT, id=edit, gid=charge["id"])
    ask(store, FREIGHT, id=edit, line={"title": "Courier", "price": cad("20.00")})
    ask(store, COMMIT, id=edit)

    assert amounts(read(store, gid), "currentTotalPriceSet", "currentTotalTaxSet") == ["47.6", "7.6"]
    assert words(ask(store, NO_FREIGHT, id=begun(store, gid)[0], gid=charge["id"])) == [
        (
            ["shippingLineId"],
            "The shipping line can't be removed because it doesn't exist or has already been removed.",
        )
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda act, gid: act("cancel_order", {"order": gid}), "The order is cancelled."),
        (lambda act, gid: act("cancel_order", {"order": gid, "refund": True}), "The order is cancelled."),
    ],
)
def test_an_order_that_is_cancelled_or_refunded_cannot_be_edited(store, change, reason):
    gid = store.place(payment_terms=None, paid=True)
    change(store.store.act, gid)

    assert words(ask(store, BEGIN, id=gid)) == [(None, "The order cannot be edited.")]
    order = read(store, gid)
    assert order["merchantEditable"] is False
    assert reason in order["merchantEditableErrors"]


def test_what_was_sent_is_neither_taken_out_nor_discounted(store):
    gid = store.place()
    send_one(store, gid)
    edit, [line] = begun(store, gid)

    fewer = ask(store, SET, id=edit, line=line["id"], n=0)
    cheaper = ask(store, DISCOUNT, id=edit, line=line["id"], off={"fixedValue": cad("1.00")})
    rest = ask(store, SET, id=edit, line=line["id"], n=1)

    assert line["editableQuantity"] == 1
    assert words(fewer) == [(["quantity"], "must be greater than or equal to the fulfilled quantity of 1")]
    assert words(cheaper) == [(["lineItemId"], "Discounts cannot be changed on fulfilled line items.")]
    assert rest["userErrors"] == []


NO_LINE, NO_VARIANT = "gid://shopify/CalculatedLineItem/1", "gid://shopify/ProductVariant/1"


@pytest.mark.parametrize(
    ("document", "variables", "field", "message"),
    [
        (SET, {"n": -1}, "quantity", "must be greater than or equal to 0"),
        (SET, {"n": 1, "line": NO_LINE}, "lineItemId", "The line item does not exist on the order."),
        (ADD, {"n": 0}, "quantity", "must be greater than 0"),
        (ADD, {"n": 1}, "id", "Anvil was not added because it's already on the order."),
        (ADD, {"n": 1, "variant": NO_VARIANT}, "variantId", "The variant does not exist in the shop."),
        (CUSTOM, {"n": 1, "title": " ", "price": cad("1")}, "title", "can't be blank"),
        (CUSTOM, {"n": 0, "title": "X", "price": cad("1")}, "quantity", "must be greater than 0"),
        (DISCOUNT, {"off": {}}, "discount", "Either a fixed value or a percentage must be given."),
        (COMMIT, {}, "id", "There are no changes to commit."),
        (COMMIT, {"id": "gid://shopify/CalculatedOrder/1"}, "id", "The calculated order does not exist."),
    ],
)
def test_what_an_edit_refuses(store, document, variables, field, message):
    gid = store.place()
    edit, [line] = begun(store, gid)
    [anvil] = [v for v in store.store.truth()["variants"] if v["sku"] == "A"]
    known = {"id": edit, "line": line["id"], "variant": anvil["id"]}
    wanted = {name: known[name] for name in known if f"${name}:" in document}

    assert words(ask(store, document, **(wanted | variables))) == [([field], message)]


def test_one_edit_of_an_order_is_open_until_it_is_committed_or_given_up(store):
    gid = store.place()
    first, _ = begun(store, gid)

    second = ask(store, BEGIN, id=gid)
    store.seconds += 15
    third, _ = begun(store, gid)

    assert words(second) == [(["base"], "This order already has an order edit in progress.")]
    assert third != first
    assert words(ask(store, COMMIT, id=first)) == [(["id"], "The calculated order does not exist.")]


def test_who_commits_after_a_merchant_did_changes_nothing(store):
    gid = store.place()
    edit, [line] = begun(store, gid)
    ask(store, SET, id=edit, line=line["id"], n=1)
    [own] = read(store, gid)["lineItems"]["nodes"]
    store.store.act("edit_order", {"order": gid, "quantities": {own["id"]: 7}})

    assert words(ask(store, COMMIT, id=edit)) == [(None, "The order was edited by somebody else meanwhile.")]
    assert read(store, gid)["lineItems"]["nodes"][0]["currentQuantity"] == 7


def test_an_edit_is_told_with_its_deltas_and_the_order_as_it_is_then(store):
    store.subscribe("ORDERS_EDITED", "ORDERS_UPDATED")
    gid = store.place(shipping=[{"title": "Freight", "price": "5.00"}])
    placed = store.store.act("edit_order", {"order": gid, "note": "x"})
    store.sent()

    made = store.store.act(
        "edit_order",
        {
            "order": gid,
            "quantities": {placed["lines"][0]: 1},
            "add": [{"sku": "B", "quantity": 3, "discount": {"amount": "0.35"}}],
            "remove_shipping": placed["shipping"],
        },
    )

    edited, updated = (json.loads(one.body) for one in store.sent())
    ids = [int(gid.rpartition("/")[2]) for gid in made["lines"]]
    assert edited["order_edit"]["line_items"] == {
        "additions": [{"id": ids[1], "delta": 3}],
        "removals": [{"id": ids[0], "delta": 1}],
    }
    assert updated["current_total_price"] == "31.00"
    assert [line["is_removed"] for line in updated["shipping_lines"]] == [True]
    assert made["shipping"] == []


def test_what_a_merchant_may_not_or_need_not_change_leaves_nothing_open(store):
    gid = store.place()
    send_one(store, gid)
    [line] = read(store, gid)["lineItems"]["nodes"]

    with pytest.raises(ValueError, match="fulfilled quantity of 1"):
        store.store.act("edit_order", {"order": gid, "quantities": {line["id"]: 0}})
    store.store.act("edit_order", {"order": gid, "quantities": {line["id"]: 2}})

    assert read(store, gid)["edited"] is False
    assert ask(store, BEGIN, id=gid)["userErrors"] == []


def test_stock_follows_what_is_added_and_taken_out(store):
    gid = store.place()
    [line] = read(store, gid)["lineItems"]["nodes"]
    before = {level["sku"]: level for level in store.store.truth()["levels"]}

    store.store.act("edit_order", {"order": gid, "quantities": {line["id"]: 5}, "add": [{"sku": "B"}]})
    store.store.act("edit_order", {"order": gid, "quantities": {line["id"]: 0}})

    after = {level["sku"]: level for level in store.store.truth()["levels"]}
    assert {sku: after[sku]["committed"] - before[sku]["committed"] for sku in before} == {"A": -2, "B": 1}


def test_a_paid_order_that_grows_is_partly_paid_and_one_that_was_closed_is_open_again(store):
    gid = store.place(payment_terms=None, paid=True)
    store.data("mutation Close($id: ID!) { orderClose(input: {id: $id}) { userErrors { message } } }", id=gid)

    store.store.act("edit_order", {"order": gid, "add": [{"title": "Fee", "price": "4.00"}]})

    order = read(store, gid)
    assert (order["displayFinancialStatus"], order["closed"], order["edited"]) == (
        "PARTIALLY_PAID",
        False,
        True,
    )
    assert amounts(order, "totalOutstandingSet") == ["4.0"]


def test_a_cancellation_is_done_when_its_job_is(make_store):
    store = make_store(job_seconds=5)
    gid = store.place()
    cancel = """mutation Cancel($id: ID!) { orderCancel(orderId: $id, reason: STAFF, restock: true) {
      job { id done } orderCancelUserErrors { message } } }"""
    state = "query State($id: ID!, $job: ID!) { order(id: $id) { cancelledAt } job(id: $job) { done } }"

    job = ask(store, cancel, id=gid)["job"]
    at_once = store.data(state, id=gid, job=job["id"])
    store.seconds += 5
    later = store.data(state, id=gid, job=job["id"])

    assert (job["done"], at_once["order"]["cancelledAt"], at_once["job"]) == (False, None, {"done": False})
    assert later["order"]["cancelledAt"] is not None
    assert later["job"] == {"done": True}


def test_edits_need_a_scope_of_their_own(make_store):
    store = make_store(scopes="read_orders write_orders")
    gid = store.place()

    [error] = store.ask(BEGIN, id=gid)["errors"]

    assert error["extensions"]["requiredAccess"] == "`write_order_edits` access scope."
