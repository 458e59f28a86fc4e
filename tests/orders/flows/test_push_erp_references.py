from __future__ import annotations

from hub.sync.enqueue import enqueue
from hub.sync.models import ApiCall, Connection, SyncTask
from orders.models import OrderLink


def references(hub):
    """Metafields that the store holds on its orders, by order id."""
    return {
        owner: next(iter(owned.values()))["value"] for owner, owned in hub.shop().metafields.items() if owned
    }


def test_writes_the_erps_number_onto_the_order(hub):
    placed = hub.place(po_number="PO-1")

    hub.work_through()

    link = hub.link(placed)
    assert link.number in references(hub)[placed["id"]]
    assert (link.reference_pushed_at is not None, link.reference_error) == (True, "")


def test_a_backlog_goes_out_in_full_batches(hub):
    placed = [hub.place(po_number=f"PO-{n}") for n in range(30)]

    # What is left over waits a while for more.
    hub.work(lambda: set(references(hub)) == {order["id"] for order in placed})

    assert 2 <= hub.writes_to_store() <= 4


def test_second_run_sends_nothing(hub):
    hub.place(po_number="PO-1")
    hub.work_through()
    enqueue("push_erp_references", hub.euro.pk)
    hub.work_through()

    assert hub.writes_to_store() == 1
    assert hub.messages("push_erp_references")[-1] == "wrote 0, refused 0"


def test_waits_while_writing_to_the_store_is_switched_off(hub):
    Connection.objects.filter(pk=hub.euro.pk).update(may_write=False)
    hub.place(po_number="PO-1")

    hub.work_through()

    assert (hub.sent(), hub.writes_to_store(), references(hub)) == (1, 0, {})
    assert SyncTask.objects.get(flow="push_erp_references").last_outcome == "retry"


def test_C2_one_order_that_the_store_refuses_goes_to_review_and_the_others_are_written(hub):
    placed = [hub.place(po_number=f"PO-{n}") for n in range(3)]
    hub.work()
    hub.shop().tables["Order"].pop(placed[1]["id"])

    hub.work_through()

    assert set(references(hub)) == {placed[0]["id"], placed[2]["id"]}
    assert hub.reviews() == [("push_erp_references", "record_rejected")]
    assert hub.link(placed[1]).reference_error
    assert OrderLink.objects.filter(reference_pushed_at=None).count() == 1


def test_store_down_then_up(hub):
    placed = hub.place(po_number="PO-1")
    hub.work()
    hub.faults({"kind": "down", "system": "store", "operation": "WriteReferences", "mode": "503"})
    hub.work(lambda: SyncTask.objects.filter(flow="push_erp_references", last_outcome="unknown").exists())
    assert references(hub) == {}

    hub.forget_faults()
    hub.hurry()
    hub.work(lambda: hub.link(placed).reference_pushed_at)

    assert set(references(hub)) == {placed["id"]}


def test_A1_a_lost_answer_is_written_again_and_the_store_holds_it_once(hub):
    placed = hub.place(po_number="PO-1")
    hub.work()
    hub.faults({"kind": "commit_then_drop", "system": "store", "operation": "WriteReferences", "first": 1})

    hub.work(lambda: hub.link(placed).reference_pushed_at)

    assert len(hub.shop().metafields[placed["id"]]) == 1
    assert ApiCall.objects.filter(operation="WriteReferences", status=200).count() == 1
    assert (hub.sent(), hub.reviews()) == (1, [])
