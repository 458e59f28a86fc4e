from __future__ import annotations

from django.db import connection as database

from hub.sync.prepared import rows_of
from orders.known import read_known
from orders.mapping_rows import mapping_rows
from orders.warming import warm_up


def planned():
    with database.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements ORDER BY 1")
        return cursor.fetchall()


def test_a_warm_session_plans_neither_of_the_two_large_statements_anew(hub):
    placed = hub.place(po_number="PO-4711")
    hub.work()
    order = hub.order(placed)
    # Otherwise the next session is one that has worked before.
    database.close()
    database.close_pool()

    warm_up()
    ready = planned()
    known = read_known(order.pk, hub.erp, flow="push_order_to_erp", subject=f"order:{order.pk}")
    rows = mapping_rows(known.placed, hub.euro.pk, hub.erp.pk)

    assert (known.placed.po_number, "TAB-001" in rows.items) == ("PO-4711", True)
    assert len(ready) == 2
    assert planned() == ready


def test_whole_numbers_of_any_size_share_one_statement(db):
    statement = "SELECT %s::bigint + 1 AS of_any_size"

    found = [rows_of(statement, [number]) for number in (7, 70_000, 7_000_000_000)]

    assert found == [[(8,)], [(70_001,)], [(7_000_000_001,)]]
    assert [sum("of_any_size" in text for text in row) for row in planned()].count(1) == 1
