"""The connector against the simulated company, over real HTTP."""

from __future__ import annotations

import json
import threading
import time
import zlib
from dataclasses import replace
from decimal import Decimal

import httpx
import pytest

from hub.connectors.documents import LineKind, OrderIdentity, PagePosition, SalesOrderLine
from hub.connectors.erps.business_central.connector import BusinessCentral
from hub.connectors.erps.business_central.reference import reference_for
from hub.errors import ConnectionBroken, OutcomeUnknown, RateLimited, RecordRejected, Unreachable
from tests.connectors.business_central.far_side import address, document
from tests.fakes.hooks import FreeHooks

sandbox = pytest.importorskip("hub.sandbox.server", reason="the sandbox server is not there")
pytest.importorskip("hub.sandbox.business_central.company", reason="the sandbox has no Business Central")


class Company:
    """One simulated company: control it, and connect to it."""

    def __init__(self, server, name):
        self.url, self.name = server.url, name
        self.opened = []
        self.control("systems", kind="erp", name=name, options={"profile": "demo"})

    def control(self, verb, **body):
        answer = httpx.post(f"{self.url}/_sandbox/{verb}", content=json.dumps(body))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def act(self, action, **data):
        return self.control("act", kind="erp", name=self.name, action=action, data=data)

    def fault(self, kind, operation, **more):
        rule = {"kind": kind, "system": "erp", "name": self.name, "operation": operation, "times": 1} | more
        self.control("faults", seed=1, rules=[rule])

    def orders(self):
        truth = httpx.get(f"{self.url}/_sandbox/truth", params={"kind": "erp", "name": self.name}).json()
        return truth["erps"][self.name]["salesOrders"]

    def requests(self):
        truth = httpx.get(f"{self.url}/_sandbox/truth", params={"kind": "erp", "name": self.name}).json()
        return truth["erps"][self.name]["requests"]

    def connect(self, hooks=None, **config):
        root = f"{self.url}/erps/{self.name}"
        settings = {
            "tenant_id": "sandbox",
            "environment": "Production",
            "company": f"CONCORD {self.name.upper()}",
            "client_id": "sandbox",
            "currency": "EUR",
            "api_url": root,
            "login_url": root,
            "call_deadline_seconds": "10",
            "settle_after_seconds": "1",
        }
        erp = BusinessCentral(settings | config, {"client_secret": "sandbox"}, hooks or FreeHooks())
        self.opened.append(erp)
        return erp


@pytest.fixture(scope="module")
def server():
    with sandbox.SandboxServer() as running:
        yield running


@pytest.fixture
def company(server, request):
    made = Company(server, f"acme{zlib.crc32(request.node.name.encode())}")
    made.control("seed", kind="erp", name=made.name, data=MASTER)
    yield made
    for erp in made.opened:
        erp.close()
    made.control("faults", seed=1, rules=[])


MASTER = {
    "taxGroups": [{"code": "T19", "displayName": "19 %", "percent": "19"}],
    "paymentTerms": [{"code": "N30", "displayName": "Net 30"}],
    "shipmentMethods": [{"code": "EXW", "displayName": "Ex works"}],
    "accounts": [{"number": "8499", "displayName": "Freight", "taxCode": "T19"}],
    "customers": [
        {
            "number": "C1",
            "displayName": "Adatum",
            "email": "Buyer@adatum.de",
            "taxRegistrationNumber": "DE 123.456-789",
        }
    ],
    "items": [{"number": "I1", "displayName": "Desk", "unitPrice": "10", "taxGroupCode": "T19"}],
}
LINES = (
    SalesOrderLine(LineKind.ITEM, "I1", "Desk", Decimal(3), "", Decimal("10.00"), Decimal("2.50"), "T19"),
    SalesOrderLine(LineKind.ACCOUNT, "8499", "Freight", Decimal(1), "", Decimal("10.00"), Decimal(0), "T19"),
    SalesOrderLine(LineKind.COMMENT, "", "Please call before you come. " * 6),
)


def order(number=1, po_number="PO-1", **changes):
    identity = OrderIdentity("A1", str(6_000_000_000_000 + number))
    made = document(
        identity=identity,
        reference=reference_for(identity, po_number),
        po_number=po_number,
        customer_number="C1",
        lines=LINES,
    )
    return replace(made, **changes)


def test_creates_an_order_and_reads_its_totals_back(company):
    erp = company.connect()
    full = order(
        payment_terms_code="N30",
        shipping_method_code="EXW",
        ship_to=address(),
        email="a@b.de",
        phone="0221 1",
    )

    created = erp.create_sales_order(full)
    (read,) = erp.read_sales_orders([created.order.external_id])

    assert created.order.reference == full.reference
    assert created.order.totals is None
    assert (read.totals.excluding_tax, read.totals.tax, read.totals.including_tax) == (
        Decimal("37.50"),
        Decimal("7.13"),
        Decimal("44.63"),
    )
    assert read.totals.currency == "EUR"
    (kept,) = company.orders()
    assert (kept["shipToName"], kept["shipToCity"], kept["email"]) == ("Adatum GmbH", "Köln", "a@b.de")
    assert [line["lineType"] for line in kept["lines"]] == ["Item", "Account", "Comment", "Comment"]


@pytest.mark.parametrize("fault", ["commit_then_drop", "commit_then_500", "truncate"])
def test_A1_a_lost_answer_is_unknown_and_the_order_is_found(company, fault):
    erp = company.connect()
    company.fault(fault, "POST salesOrders")

    with pytest.raises(OutcomeUnknown):
        erp.create_sales_order(order())
    found = erp.find_sales_orders([order().reference])

    assert [each.reference for each in found] == [order().reference]
    assert len(company.orders()) == 1


def test_A3_a_maintenance_page_after_the_commit_is_unknown(company):
    erp = company.connect()
    company.fault("html", "POST salesOrders", commit=True)

    with pytest.raises(OutcomeUnknown):
        erp.create_sales_order(order())

    assert len(erp.find_sales_orders([order().reference])) == 1


def test_A4_a_late_order_is_found_when_it_has_settled(company):
    erp = company.connect()
    company.fault("late_commit", "POST salesOrders", seconds=0.3)

    with pytest.raises(OutcomeUnknown):
        erp.create_sales_order(order())
    early = erp.find_sales_orders([order().reference])
    time.sleep(0.6)

    assert early == []
    assert len(erp.find_sales_orders([order().reference])) == 1


def test_E5_a_slow_drip_ends_with_the_deadline(company):
    erp = company.connect(call_deadline_seconds="1")
    erp.client.company_path()
    company.fault("slow_drip", "POST salesOrders", interval=0.2)
    began = time.monotonic()

    with pytest.raises(OutcomeUnknown):
        erp.create_sales_order(order())

    assert time.monotonic() - began < 3


def test_a_dropped_connection_before_the_work_leaves_nothing(company):
    erp = company.connect()
    company.fault("drop_before", "POST salesOrders")

    with pytest.raises(OutcomeUnknown):
        erp.create_sales_order(order())

    assert erp.find_sales_orders([order().reference]) == []


def test_a_posted_order_is_found_and_read_as_its_invoice(company):
    erp = company.connect()
    created = erp.create_sales_order(order())
    company.act("post_order", number=created.order.number)

    (found,) = erp.find_sales_orders([order().reference])

    assert found.is_posted_invoice
    assert found.totals.including_tax == Decimal("44.63")
    assert erp.read_sales_orders([created.order.external_id]) == []
    assert erp.read_sales_orders([found.external_id]) == [found]


def test_an_order_is_found_after_a_clerk_changed_its_PO_number(company):
    erp = company.connect()
    created = erp.create_sales_order(order())
    token = order(po_number="").reference
    company.act(
        "edit_order", number=created.order.number, changes={"externalDocumentNumber": f"MENDED/{token}"}
    )

    (found,) = erp.find_sales_orders([order().reference])

    assert found.external_id == created.order.external_id


@pytest.mark.parametrize(
    "po_number", ["O'Brien & Söhne", "50% + 1/2", "Straße 漢字 😀" * 3, "x' or 1 eq 1", "#1001"]
)
def test_F11_any_PO_number_is_found_as_it_was_sent(company, po_number):
    erp = company.connect()
    created = erp.create_sales_order(order(po_number=po_number))
    erp.create_sales_order(order(2, po_number=po_number))

    found = erp.find_sales_orders([order(po_number=po_number).reference])

    assert created.order.reference == order(po_number=po_number).reference
    assert [each.external_id for each in found] == [created.order.external_id]


def test_changes_come_page_by_page_without_a_gap(company):
    erp = company.connect()
    created = [erp.create_sales_order(order(number)).order for number in range(5)]
    since = PagePosition(created[2].updated_at, created[2].external_id)

    page = erp.changed_sales_orders(None, None)
    later = erp.changed_sales_orders(since, None)

    assert {each.external_id for each in page.items} == {each.external_id for each in created}
    assert [each.updated_at for each in page.items] == sorted(each.updated_at for each in page.items)
    assert {each.external_id for each in created[2:]} <= {each.external_id for each in later.items}


def test_F8_small_pages_are_followed_to_the_end(company):
    erp = company.connect()
    created = {erp.create_sales_order(order(number)).order.external_id for number in range(5)}
    path = "salesOrders?$orderby=lastModifiedDateTime,id"

    rows = list(erp.client.items(path, operation="read", page_size=2))

    assert len(rows) == 5
    assert {row["id"] for row in rows} == created


def test_D1_tokens_that_end_in_the_middle_are_renewed_once(company):
    hooks = FreeHooks()
    erp = company.connect(hooks)
    erp.create_sales_order(order(0))
    company.act("expire_tokens")
    failures = []

    def send(number):
        try:
            erp.create_sales_order(order(number))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert hooks.fetches == 2
    assert len(company.orders()) == 5


def test_D4_a_changed_secret_breaks_the_connection(company):
    erp = company.connect()
    erp.create_sales_order(order())
    company.act("change_secret", secret="other", expire_tokens=True)

    with pytest.raises(ConnectionBroken, match="AADSTS7000215"):
        erp.create_sales_order(order(2))

    assert len(company.orders()) == 1


def test_E1_a_429_is_a_rate_limit_and_nothing_was_done(company):
    erp = company.connect()
    company.fault("status", "POST salesOrders", status=429, retry_after=3)

    with pytest.raises(RateLimited) as caught:
        erp.create_sales_order(order())

    assert caught.value.after == 3
    assert company.orders() == []


def test_a_503_to_a_read_is_tried_later(company):
    erp = company.connect()
    company.fault("status", "GET salesOrders", status=503)

    with pytest.raises(Unreachable):
        erp.find_sales_orders([order().reference])


@pytest.mark.parametrize(
    "changes",
    [
        {"customer_number": "NOBODY"},
        {"currency": "XXX"},
        {"lines": (replace(LINES[0], number="GONE"),)},
        {"lines": (replace(LINES[0], tax_code="NONE"),)},
        {"lines": (replace(LINES[0], unit="NOPE"),)},
        {"payment_terms_code": "N99"},
        {"ship_to": address(country_code="QQ")},
    ],
)
def test_a_refusal_says_why_and_leaves_nothing(company, changes):
    with pytest.raises(RecordRejected) as caught:
        company.connect().create_sales_order(order(**changes))

    assert "CorrelationId" not in str(caught.value)
    assert company.orders() == []


def test_a_blocked_customer_is_refused_and_seen_as_blocked(company):
    erp = company.connect()
    company.act("block_customer", number="C1")

    with pytest.raises(RecordRejected):
        erp.create_sales_order(order())
    (customer,) = erp.customers_by_number(["c1"])

    assert customer.is_blocked
    assert company.orders() == []


def test_D6_a_revoked_permission_breaks_the_connection_and_shows_in_the_test(company):
    erp = company.connect()
    company.act("revoke_permission", set="salesOrders")

    with pytest.raises(ConnectionBroken, match="permission"):
        erp.create_sales_order(order())

    assert [check.name for check in erp.test() if not check.is_ok] == ["Read salesOrders"]


def test_a_good_company_passes_the_connection_test(company):
    assert [check.name for check in company.connect().test() if not check.is_ok] == []


def test_customers_are_found_by_each_key(company):
    erp = company.connect()

    by_number = erp.customers_by_number(["C1", "C999"])
    by_tax_id = erp.customers_by_tax_id("de123456789")
    by_email = erp.customers_by_email("Buyer@adatum.de")

    assert [each.number for each in by_number] == ["C1"]
    assert by_number == by_tax_id == by_email
    assert (by_number[0].currency, by_number[0].is_blocked) == ("EUR", False)


def test_the_happy_path_is_one_call(company):
    erp = company.connect()
    erp.create_sales_order(order(1, payment_terms_code="N30"))
    before = sum(company.requests().values())

    erp.create_sales_order(order(2, payment_terms_code="N30"))

    assert sum(company.requests().values()) - before == 1


def test_A1_no_order_is_doubled_or_lost_whatever_happens_to_the_answers(company):
    erp = company.connect()
    kinds = ["commit_then_drop", "commit_then_500", "truncate", "drop_before", "status", "expired_token"]
    rules = [
        {
            "kind": kind,
            "system": "erp",
            "name": company.name,
            "operation": "POST salesOrders",
            "probability": 0.12,
        }
        for kind in kinds
    ]
    company.control("faults", seed=7, rules=rules)

    attempts = [send_until_there(erp, order(number)) for number in range(150)]
    injected = httpx.get(f"{company.url}/_sandbox/faults").json()["injected"]

    references = [each["externalDocumentNumber"] for each in company.orders()]
    assert sorted(references) == sorted(order(number).reference for number in range(150))
    assert sum(attempts) > 150
    assert sum(injected.values()) > 60


def send_until_there(erp, document):
    """Create, and after every unknown outcome look up before anything else; returns how often it was sent."""
    for attempt in range(1, 30):
        try:
            erp.create_sales_order(document)
        except RateLimited:
            continue
        except (OutcomeUnknown, ConnectionBroken):
            if not erp.find_sales_orders([document.reference]):
                continue
        return attempt
    raise AssertionError(f"{document.reference} was never created")
