"""The page of order fields: what each row may fill, one row a field, files in and out, and who may do it."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from hub.sync.models import Change, SyncTask
from orders.models import OrderFieldMapping
from tests.admin.conftest import told
from tests.admin.rows import ask, make_erp, make_orders, make_pair

pytestmark = pytest.mark.django_db

LIST = "admin:orders_orderfieldmapping_changelist"
HEAD = "store,erp,source,key,target,default_value,is_required\n"
DIMENSION, OTHER = "shortcutDimension1Code", "shortcutDimension2Code"


@pytest.fixture
def pair():
    return make_pair()


def row(pair, key="Cost center", target="", **values):
    store, erp = pair
    return OrderFieldMapping.objects.create(store=store, erp=erp, key=key, target=target, **values)


def add(client, pair, **values):
    store, erp = pair
    fields = {
        "store": store.pk,
        "erp": erp.pk,
        "source": "attribute",
        "key": "Cost center",
        "target": DIMENSION,
        "default_value": "",
    }
    return client.post(reverse("admin:orders_orderfieldmapping_add"), {**fields, **values})


def edit(client, *rows, **query):
    """Save the list as a person does who has typed into it: `rows` are (row, target, default, required)."""
    fields = {"form-TOTAL_FORMS": len(rows), "form-INITIAL_FORMS": len(rows), "_save": "Save"}
    for n, (known, target, default, is_required) in enumerate(rows):
        fields |= {f"form-{n}-id": known.pk, f"form-{n}-target": target, f"form-{n}-default_value": default}
        fields |= {f"form-{n}-is_required": "on"} if is_required else {}
    return client.post(f"{reverse(LIST)}?{urlencode(query)}", fields, follow=True)


def bring(client, content, name="fields.csv"):
    file = SimpleUploadedFile(name, content if isinstance(content, bytes) else (HEAD + content).encode())
    return client.post(reverse("admin:orders_orderfieldmapping_import"), {"file": file}, follow=True)


def faults(answer):
    return [(fault.line, fault.column, fault.message) for fault in answer.context["faults"]]


def targets():
    return dict(OrderFieldMapping.objects.order_by("key").values_list("key", "target"))


def test_empty_rows_come_first_and_the_page_says_what_a_decision_changes(pages, pair):
    row(pair, "Done", DIMENSION)
    row(pair, "Open")

    answer = pages.get(reverse(LIST))

    assert [found.key for found in answer.context["cl"].result_list] == ["Open", "Done"]
    assert "orders that are in the ERP already stay as they are" in answer.content.decode()


def test_a_row_chooses_among_the_fields_of_its_erp_and_sees_what_each_takes(pages, pair):
    known = row(pair)

    page = pages.get(reverse("admin:orders_orderfieldmapping_change", args=[known.pk])).content.decode()

    assert "Dimension 1 code – a code of at most 20 characters" in page
    assert "Requested delivery date – a date" in page
    assert "shipping_title is the Shipping method" in page


def test_saving_the_list_decides_is_noted_and_lets_go_on_what_waited(pages, pair):
    known = row(pair)
    [order] = make_orders(pair[0], 1)
    ask(order, pair[1], code="order_fields")

    answer = edit(pages, (known, DIMENSION, "ADM", True))

    assert answer.status_code == 200
    assert (targets(), SyncTask.objects.get().record_id) == ({"Cost center": DIMENSION}, order.pk)
    change = Change.objects.filter(operation="update", table_name="orders_orderfieldmapping").get()
    assert (change.changed_by, change.after["target"], change.title) == (
        "kim",
        DIMENSION,
        "attribute Cost center",
    )


def test_deleting_a_row_lets_go_on_what_waited(pages, pair):
    known = row(pair, target=DIMENSION, is_required=True)
    [order] = make_orders(pair[0], 1)
    ask(order, pair[1], code="order_fields")

    pages.post(reverse("admin:orders_orderfieldmapping_delete", args=[known.pk]), {"post": "yes"})

    assert (OrderFieldMapping.objects.count(), SyncTask.objects.get().record_id) == (0, order.pk)


def test_two_rows_of_one_page_cannot_fill_one_field(pages, pair):
    first, second = row(pair, "A"), row(pair, "B")

    answer = edit(pages, (first, DIMENSION, "", False), (second, DIMENSION, "", False))

    assert "fills this field of the ERP already" in answer.content.decode()
    assert targets() == {"A": "", "B": ""}


def test_a_field_that_a_row_beyond_the_page_fills_is_refused(pages, pair):
    row(pair, "Held", DIMENSION)
    known = row(pair, "Open")

    answer = edit(pages, (known, DIMENSION, "", False), filled="no")

    assert "fills this field of the ERP already" in answer.content.decode()
    assert targets() == {"Held": DIMENSION, "Open": ""}


def test_on_the_page_two_rows_swap_in_two_steps(pages, pair):
    first, second = row(pair, "A", DIMENSION), row(pair, "B", OTHER)

    at_once = edit(pages, (first, OTHER, "", False), (second, DIMENSION, "", False))

    assert "Empty it there first" in at_once.content.decode()
    assert targets() == {"A": DIMENSION, "B": OTHER}


def test_two_stores_may_fill_the_same_field(pages, pair):
    row(pair, "A", DIMENSION)

    answer = add(pages, (pair[0], make_erp("B2")), key="A")

    assert answer.status_code == 302
    assert list(OrderFieldMapping.objects.values_list("target", flat=True)) == [DIMENSION] * 2


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"target": "yourReference"}, "Select a valid choice"),
        ({"target": "requestedDeliveryDate", "default_value": "soon"}, "takes a date; it is no date"),
        ({"default_value": "K" * 21}, "it has 21 characters, the field takes 20"),
        ({"target": "", "is_required": "on"}, "can be required"),
        ({"target": "(leave out)", "default_value": "x"}, "can have one"),
        ({"source": "field", "key": "colour"}, "is no field of an order. Fields are: name, po_number"),
        ({"source": "field", "key": "tags", "is_required": "on"}, "Tags cannot be required"),
        ({"key": "a\x00b"}, "Null characters are not allowed"),
        ({"key": "x" * 201}, "at most 200 characters"),
        ({"key": ""}, "This field is required"),
        ({"key": "Taken"}, "already exists"),
        ({"key": "Other"}, "fills this field of the ERP already"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(pages, pair, values, words):
    row(pair, "Taken")
    if values.get("key") == "Other":
        row(pair, "First", DIMENSION)
    before = targets()

    answer = add(pages, pair, **values)

    assert answer.status_code == 200
    assert words in answer.content.decode().replace("&#x27;", "'")
    assert targets() == before


def test_a_field_that_the_erp_does_not_take_is_refused_with_those_that_it_takes(pair):
    with pytest.raises(ValidationError) as refused:
        OrderFieldMapping(store=pair[0], erp=pair[1], key="A", target="yourReference").full_clean()

    [message] = refused.value.message_dict["target"]
    assert "takes no field 'yourReference'" in message
    assert "salesperson (Salesperson code, a code of at most 20 characters)" in message


def test_stores_and_erps_are_not_mixed_up(pair):
    with pytest.raises(ValidationError) as refused:
        OrderFieldMapping(store=pair[1], erp=pair[0], key="A", target=DIMENSION).full_clean()

    assert {"store", "erp"} <= refused.value.message_dict.keys()


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_export_brought_back_changes_nothing(pages, pair, kind):
    for key in ("=1+1", "@SUM(A1)", "'=x", "👍", "a\ufffdb", 'a"b;c,d'):
        row(pair, key)
    row(pair, "Cost center", DIMENSION, default_value="=ADM", is_required=True)
    row(pair, "note", "(leave out)", source="field")
    exported = pages.get(reverse("admin:orders_orderfieldmapping_export", args=[kind])).content

    answer = bring(pages, exported, f"fields.{kind}")

    assert "0 new, 0 changed, 8 as they were" in told(answer)


def test_a_file_decides_makes_rows_and_swaps_fields(pages, pair):
    row(pair, "A", DIMENSION)
    row(pair, "B", OTHER)
    [order] = make_orders(pair[0], 1)
    ask(order, pair[1], code="order_fields")

    answer = bring(
        pages,
        f"EU,BC,attribute,A,{OTHER},,\nEU,BC,attribute,B,{DIMENSION},ADM,true\nEU,BC,field,note,(leave out),,\n",
    )

    assert "1 new, 2 changed" in told(answer)
    assert targets() == {"A": OTHER, "B": DIMENSION, "note": "(leave out)"}
    assert SyncTask.objects.get().record_id == order.pk


def test_a_file_with_bad_rows_names_each_and_applies_nothing(pages, pair):
    row(pair, "Kept", "salesperson")

    answer = bring(
        pages,
        "EU,BC,attribute,A,yourReference,,\n"
        "EU,BC,attribute,B,requestedDeliveryDate,soon,\n"
        f"EU,BC,attribute,C,{DIMENSION},,\n"
        f"EU,BC,attribute,D,{DIMENSION},,\n"
        "EU,BC,attribute,E,salesperson,,\n"
        "EU,BC,field,colour,,,\n"
        "EU,BC,attribute,F  F,,,\n",
    )

    assert [(line, column) for line, column, _ in faults(answer)] == [
        (2, "target"),
        (3, "default_value"),
        (4, "target"),
        (5, "target"),
        (6, "target"),
        (7, "key"),
        (8, "key"),
    ]
    assert "It takes: requestedDeliveryDate (Requested delivery date, a date)" in faults(answer)[0][2]
    assert targets() == {"Kept": "salesperson"}


def test_cells_of_a_file_are_checked_one_by_one_before(pages, pair):
    answer = bring(pages, "EU,BC,colour,A,,,\nEU,BC,attribute,B,,,perhaps\nBC,EU,attribute,C,,,\n")

    assert [(line, column) for line, column, _ in faults(answer)] == [
        (2, "source"),
        (3, "is_required"),
        (4, "store"),
        (4, "erp"),
    ]


def test_500_rows_are_one_import_of_few_statements(pages, pair, django_assert_max_num_queries):
    lines = "".join(f"EU,BC,attribute,key {n},(comment line),,\n" for n in range(500))

    with django_assert_max_num_queries(40):
        answer = bring(pages, lines)

    assert "500 new" in told(answer)


def test_more_rows_cost_no_more_queries(pages, pair, django_assert_max_num_queries):
    for n in range(90):
        row(pair, f"key {n}")

    with django_assert_max_num_queries(20):
        assert pages.get(reverse(LIST)).status_code == 200


def test_who_may_only_look_exports_and_decides_nothing(signed_in, pair):
    known = row(pair)
    viewer = signed_in("view_orderfieldmapping")

    edit(viewer, (known, DIMENSION, "", False))

    assert viewer.get(reverse("admin:orders_orderfieldmapping_export", args=["csv"])).status_code == 200
    assert bring(viewer, "EU,BC,attribute,A,,,\n").status_code == 403
    assert targets() == {"Cost center": ""}


@pytest.mark.parametrize(
    ("key", "is_fine"),
    [
        ("custom.delivery_date", True),
        (" custom.delivery_date ", True),
        ("app--9--more.day", True),
        ("delivery_date", False),
        ("$app.day", False),
        ("custom.a b", False),
        ("custom.", False),
        ("custom.d\u0430te", False),
        (f"custom.{'x' * 65}", False),
        (f"{'x' * 199}.yy", False),
    ],
)
def test_a_metafield_is_named_by_namespace_and_key(pages, pair, key, is_fine):
    answer = add(pages, pair, source="metafield", key=key)

    assert (answer.status_code == 302) is is_fine
    assert list(OrderFieldMapping.objects.values_list("source", "key")) == (
        [("metafield", key.strip())] if is_fine else []
    )
    if not is_fine:
        assert "Write it as namespace.key" in answer.content.decode()


def test_metafields_come_and_go_by_file_like_attributes(pages, pair):
    row(pair, "custom.day", source="metafield")

    answer = bring(
        pages,
        f"EU,BC,metafield,custom.day,{DIMENSION},ADM,yes\n"
        "EU,BC,metafield,custom.more,(comment line),,\n"
        "EU,BC,attribute,custom.day,,,\n",
    )
    exported = pages.get(reverse("admin:orders_orderfieldmapping_export", args=["csv"]))

    assert answer.status_code == 200
    known = OrderFieldMapping.objects.order_by("source", "key")
    assert list(known.values_list("source", "key", "target", "is_required")) == [
        ("attribute", "custom.day", "", False),
        ("metafield", "custom.day", DIMENSION, True),
        ("metafield", "custom.more", "(comment line)", False),
    ]
    assert f'"metafield","custom.day","{DIMENSION}","ADM","True"' in exported.content.decode()


def test_a_bad_metafield_name_in_a_file_is_named_and_nothing_is_applied(pages, pair):
    answer = bring(pages, f"EU,BC,metafield,custom.day,{DIMENSION},,\nEU,BC,metafield,day,,,\n")

    assert [(line, column) for line, column, _ in faults(answer)] == [(3, "key")]
    assert targets() == {}
