"""$batch of the simulated company: statuses one by one, going on after errors, and all or nothing."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.enable_socket


def send(bc, bodies, **headers):
    """POST the orders in one batch; the inner statuses by id."""
    requests = [
        {
            "id": f"r{number}",
            "method": "POST",
            "url": f"{bc.path}/salesOrders",
            "headers": {"Content-Type": "application/json"},
            "body": body,
        }
        for number, body in enumerate(bodies, start=1)
    ]
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return bc.http.post(f"{bc.base}/$batch", json={"requests": requests}, headers=names)


def statuses(answer):
    return {entry["id"]: entry["status"] for entry in answer.json()["responses"]}


@pytest.fixture
def mixed(order):
    return [order, order | {"customerNumber": "nobody"}, order | {"externalDocumentNumber": "PO-3"}]


def test_a_batch_makes_many_orders_in_one_request(bc, order):
    orders = [order | {"externalDocumentNumber": f"PO-{number}"} for number in range(100)]

    answer = send(bc, orders)

    assert set(statuses(answer).values()) == {201}
    assert answer.json()["responses"][0]["body"]["number"] == "S-ORD101001"
    assert len(bc.truth()["salesOrders"]) == 100
    assert bc.truth()["salesOrders"][99]["totalAmountIncludingTax"] == "472.79"


def test_a_batch_stops_at_the_first_error(bc, mixed):
    answer = send(bc, mixed)

    assert statuses(answer) == {"r1": 201, "r2": 400}
    assert len(bc.truth()["salesOrders"]) == 1


def test_a_batch_goes_on_where_asked(bc, mixed):
    answer = send(bc, mixed, Prefer="odata.continue-on-error")

    assert statuses(answer) == {"r1": 201, "r2": 400, "r3": 201}
    assert "cannot be found" in answer.json()["responses"][1]["body"]["error"]["message"]
    assert [o["externalDocumentNumber"] for o in bc.truth()["salesOrders"]] == ["PO-1", "PO-3"]


def test_a_snapshot_batch_is_all_or_nothing(bc, mixed):
    send(bc, mixed, Prefer="odata.continue-on-error", Isolation="snapshot")

    assert bc.truth()["salesOrders"] == []
    assert bc.rows("salesOrders", filter="externalDocumentNumber eq 'PO-1'") == []


def test_a_snapshot_batch_takes_back_changes_and_deletions(bc, order):
    first, second = bc.create(order), bc.create(order | {"externalDocumentNumber": "PO-2"})
    before = bc.truth()["salesOrders"]
    any_tag = {"If-Match": "*"}
    requests = [
        {
            "id": "1",
            "method": "PATCH",
            "url": f"{bc.path}/salesOrders({first['id']})",
            "headers": any_tag,
            "body": {"discountAmount": 1.5},
        },
        {"id": "2", "method": "DELETE", "url": f"{bc.path}/salesOrders({second['id']})", "headers": any_tag},
        {"id": "3", "method": "GET", "url": f"{bc.path}/nonsense"},
    ]

    answer = bc.http.post(f"{bc.base}/$batch", json={"requests": requests}, headers={"Isolation": "snapshot"})

    assert statuses(answer) == {"1": 200, "2": 204, "3": 404}
    assert sorted(bc.truth()["salesOrders"], key=lambda o: o["number"]) == before


def test_reads_travel_in_a_batch_too(bc, order):
    bc.create(order)
    url = f"{bc.path}/salesOrders?$filter=externalDocumentNumber eq 'PO-1'&$expand=salesOrderLines"

    answer = bc.http.post(f"{bc.base}/$batch", json={"requests": [{"id": "a", "method": "GET", "url": url}]})

    found = answer.json()["responses"][0]["body"]["value"]
    assert [row["totalAmountIncludingTax"] for row in found] == [472.79]
    assert len(found[0]["salesOrderLines"]) == 2


def test_more_than_a_hundred_are_refused_whole(bc, order):
    answer = send(bc, [order] * 101)

    assert answer.status_code == 400
    assert bc.truth()["salesOrders"] == []


@pytest.mark.parametrize("body", [{}, {"requests": [{"id": "1"}]}, {"requests": ["x"]}])
def test_a_malformed_batch_is_refused(bc, body):
    assert bc.http.post(f"{bc.base}/$batch", json=body).status_code == 400
