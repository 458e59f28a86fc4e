"""Asynchronous requests and batches of the simulated account."""

from __future__ import annotations

import time
import uuid

import pytest

from tests.sandbox.netsuite.client import COLLECTION

pytestmark = pytest.mark.enable_socket
LATER = {"Prefer": "respond-async"}
BATCH = LATER | {"Content-Type": COLLECTION}


def orders(order, *external_ids):
    return {"items": [order | {"externalId": external_id} for external_id in external_ids]}


def job_of(ns, answer):
    assert answer.status_code == 202, answer.text
    assert answer.headers["Preference-Applied"] == "respond-async"
    return answer.headers["Location"]


def fetch(ns, path):
    return ns.http.get(ns.root + path)


def result(ns, job, number):
    return fetch(ns, f"{job}/task/{number}/result")


def test_one_write_can_be_carried_out_later(ns, order):
    job = job_of(ns, ns.call("PUT", "salesOrder/eid:A1", json=order, headers=LATER))

    told = fetch(ns, job).json()
    done = result(ns, job, 1)

    assert (told["completed"], told["progress"], told["id"]) == (True, "succeeded", "1")
    assert done.status_code == 204
    assert done.headers["Location"].endswith("/salesOrder/" + ns.order("A1")["id"])


def test_each_record_of_a_batch_has_a_task_with_an_outcome_of_its_own(ns, order):
    body = orders(order, "A1", "A2", "A3")
    body["items"][1]["memo"] = "x" * 1000
    job = job_of(ns, ns.call("PUT", "salesOrder", json=body, headers=BATCH, replace="item"))

    told = fetch(ns, job).json()
    tasks = fetch(ns, f"{job}/task").json()
    states = [fetch(ns, f"{job}/task/{number}").json()["progress"] for number in (1, 2, 3)]

    assert (told["completed"], told["progress"]) == (True, "succeeded")
    assert [item["links"][0]["href"] for item in tasks["items"]] == [
        f"{ns.root}{job}/task/{n}" for n in (1, 2, 3)
    ]
    assert states == ["succeeded", "failed", "succeeded"]
    assert result(ns, job, 2).json()["o:errorDetails"][0]["o:errorCode"] == "EXCEEDED_MAX_FIELD_LENGTH"
    assert [kept["externalId"] for kept in ns.truth()["salesOrders"]] == ["A1", "A3"]


def test_a_batch_can_make_change_and_delete(ns, order):
    ns.call("POST", "salesOrder", json=orders(order, "A1", "A1"), headers=BATCH)
    first = ns.order("A1")["id"]
    changes = {"items": [{"externalId": "A1", "memo": "by id"}, {"id": first, "memo": "by internal id"}]}
    ns.call("PATCH", "salesOrder", json=changes, headers=BATCH)
    memo = ns.order("A1")["memo"]
    gone = job_of(ns, ns.call("DELETE", "salesOrder", headers=LATER, ids=f"{first},99"))

    assert memo == "by internal id"
    assert [result(ns, gone, number).status_code for number in (1, 2)] == [204, 404]
    assert ns.truth()["salesOrders"] == []


def test_an_idempotency_key_is_taken_once_and_leads_to_the_first_job(ns, order):
    headers = BATCH | {"X-NetSuite-Idempotency-Key": str(uuid.uuid4())}
    body = orders(order, "A1")
    first = job_of(ns, ns.call("PUT", "salesOrder", json=body, headers=headers))

    again = ns.call("PUT", "salesOrder", json=body, headers=headers)

    assert (again.status_code, again.headers["Location"]) == (400, first)
    assert again.json()["o:errorDetails"][0]["o:errorCode"] == "IDEMPOTENCY_ERROR"


def test_an_idempotency_key_means_nothing_without_asynchrony(ns, order):
    headers = {"X-NetSuite-Idempotency-Key": str(uuid.uuid4())}

    answers = [ns.call("POST", "salesOrder", json=order, headers=headers).status_code for _ in range(2)]

    assert answers == [204, 204]
    assert len(ns.truth()["salesOrders"]) == 2


def test_a_few_processors_work_off_jobs_each_record_taking_its_time(ns_with, order):
    ns = ns_with(latency=0.3, async_processors=1)
    job = job_of(ns, ns.call("PUT", "salesOrder", json=orders(order, "A1", "A2", "A3"), headers=BATCH))
    early = fetch(ns, job).json()
    unfinished = result(ns, job, 3)
    time.sleep(0.6)
    late = fetch(ns, job).json()

    assert (early["completed"], early["progress"]) == (False, "processing")
    assert "endTime" not in early
    assert unfinished.status_code == 404
    assert (late["completed"], late["progress"]) == (True, "succeeded")
    assert late["startTime"] <= late["endTime"]


@pytest.mark.parametrize(
    ("headers", "items", "code"),
    [
        ({"Content-Type": COLLECTION}, 1, "INVALID_HEADER"),
        (LATER, 1, "INVALID_HEADER"),
        (BATCH, 0, "INVALID_CONTENT"),
        (BATCH, 101, "INVALID_CONTENT"),
        (BATCH | {"X-NetSuite-Idempotency-Key": "mine"}, 1, "INVALID_HEADER"),
    ],
)
def test_a_batch_has_rules(ns, order, headers, items, code):
    body = orders(order, *(f"A{number}" for number in range(items)))

    answer = ns.call("PUT", "salesOrder", json=body, headers=headers)

    assert (answer.status_code, answer.json()["o:errorDetails"][0]["o:errorCode"]) == (400, code)
    assert ns.truth()["salesOrders"] == []


def test_a_batch_without_external_ids_is_refused(ns, order):
    answer = ns.call("PUT", "salesOrder", json={"items": [order]}, headers=BATCH)

    assert answer.json()["o:errorDetails"][0]["o:errorPath"] == "items[0].externalId"


def test_the_log_tells_batches_by_their_external_ids(ns, order):
    ns.call("PUT", "salesOrder", json=orders(order, "A1", "A2"), headers=BATCH)

    url = f"{ns.server_url}/_sandbox/requests"
    logged = ns.http.get(url, params={"operation": "PUT salesOrder batch"}).json()["requests"]

    assert logged[-1]["externalIds"] == ["A1", "A2"]


def test_a_job_that_is_not_there_is_404(ns):
    assert fetch(ns, "/services/rest/async/v1/job/9").status_code == 404
