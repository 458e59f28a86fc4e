"""Mapping files in and out: all or nothing, a report for each row, and no formula runs."""

from __future__ import annotations

import csv
import io
import zipfile
from decimal import Decimal

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from companies.models import CompanyLocationMapping
from hub.lib.spreadsheets import UnreadableFile, as_csv, escaped, read_lines, unescaped
from hub.sync.models import ReviewItem, SyncTask
from inventory.models import ItemMapping
from orders.models import TaxCodeMapping
from tests.admin.conftest import told
from tests.admin.rows import ask, make_orders, make_pair

pytestmark = pytest.mark.django_db

HEAD = "store,erp,sku,title,item_number,unit\n"


def bring(client, content, name="items.csv", model="inventory_itemmapping"):
    file = SimpleUploadedFile(name, content if isinstance(content, bytes) else content.encode())
    return client.post(reverse(f"admin:{model}_import"), {"file": file}, follow=True)


def export(client, kind, model="inventory_itemmapping"):
    return client.get(reverse(f"admin:{model}_export", args=[kind])).content


def faults(answer):
    return [(fault.line, fault.column, fault.message) for fault in answer.context["faults"]]


def items():
    return list(ItemMapping.objects.order_by("sku").values_list("sku", "title", "item_number", "unit"))


@given(st.text(alphabet="=+-@＝＋－＠\t\r\n'a1", max_size=6))
def test_what_is_escaped_is_no_formula_and_comes_back_as_it_was(text):
    assert unescaped(escaped(text)) == text
    assert not escaped(text).startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n"))


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_export_brought_back_changes_nothing(pages, kind):
    store, erp = make_pair()
    for sku in ("=1+1", "@SUM(A1)", "-5", "+49", "'=x", "00123", 'a"b;c,d', "Größe\n2"):
        ItemMapping.objects.create(store=store, erp=erp, sku=sku, title="=cmd()", item_number="0042")
    before = items()

    answer = bring(pages, export(pages, kind), f"items.{kind}")

    assert "0 new, 0 changed, 8 as they were" in told(answer)
    assert items() == before


def test_no_exported_cell_is_a_formula(pages):
    store, erp = make_pair()
    ItemMapping.objects.create(store=store, erp=erp, sku='=HYPERLINK("http://x")', title="\t=1")

    book = openpyxl.load_workbook(io.BytesIO(export(pages, "xlsx")))
    text = export(pages, "csv").decode("utf-8-sig")

    cells = [cell for row in book.worksheets[0].iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "inlineStr"}
    assert [cell.value for cell in cells if str(cell.value).startswith("=")] == []
    assert "'=HYPERLINK" in text


def test_good_rows_are_made_and_changed_and_others_stay(pages):
    store, erp = make_pair()
    ItemMapping.objects.create(store=store, erp=erp, sku="A", title="Table", unit="PCS")
    ItemMapping.objects.create(store=store, erp=erp, sku="Z", item_number="9")

    answer = bring(pages, HEAD + "EU,BC,A,,IT-1,\nEU,BC,B,Lamp,IT-2,BOX\n")

    assert "1 new, 1 changed, 0 as they were" in told(answer)
    assert items() == [("A", "Table", "IT-1", "PCS"), ("B", "Lamp", "IT-2", "BOX"), ("Z", "", "9", "")]


def test_a_file_with_bad_rows_names_each_and_applies_nothing(pages):
    make_pair()
    long = "x" * 61

    answer = bring(
        pages,
        HEAD + f"EU,BC,A,,IT-1,\nXX,BC,B,,IT-2,\nEU,BC,,,IT-3,\nEU,BC,A,,IT-4,\nEU,BC,D,,{long},\n"
        "EU,BC,E,,IT\x00,\nEU,BC,F,,IT-5,,more\n",
    )

    assert faults(answer) == [
        (3, "store", "There is no store 'XX'."),
        (4, "sku", "This field cannot be blank."),
        (5, "sku", "The same row stands further up already."),
        (6, "item_number", "Ensure this value has at most 60 characters (it has 61)."),
        (7, "item_number", "It contains a character that cannot be stored."),
        (8, "", "The row has more cells than the head."),
    ]
    assert items() == []
    assert SyncTask.objects.count() == 0


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("items.csv", b"", "lacks the column"),
        ("items.csv", b"sku,item_number\nA,1\n", "lacks the column"),
        ("items.csv", (HEAD.strip() + ",price\n").encode(), "is no column"),
        ("items.csv", (HEAD.strip() + ",sku\n").encode(), "is there twice"),
        ("items.csv", "store,erp,sku\nEU,BC,Größe\n".encode("latin-1"), "not UTF-8"),
        ("items.xlsx", b"not a workbook", "no proper XLSX"),
        ("items.xlsx", b"PK\x05\x06" + bytes(18), "no proper XLSX"),
        ("items.pdf", b"x", "Only CSV and XLSX"),
    ],
)
def test_a_file_that_is_none_is_refused_with_the_reason(pages, name, content, words):
    make_pair()

    answer = bring(pages, content, name)

    assert answer.status_code == 200
    if content:
        assert words in " ".join(answer.context["form"].errors["file"])
    assert items() == []


def test_a_file_from_a_spreadsheet_that_separates_by_semicolons_is_read(pages):
    make_pair()

    bring(pages, "\ufeffstore;erp;sku;item_number\nEU;BC;A;IT-1\n\n")

    assert items() == [("A", "", "IT-1", "")]


def test_5000_rows_are_one_import_of_few_statements(pages, django_assert_max_num_queries):
    make_pair()
    lines = "".join(f"EU,BC,SKU-{n},Item {n},IT-{n},\n" for n in range(5000))

    with django_assert_max_num_queries(40):
        answer = bring(pages, HEAD + lines)

    assert "5000 new" in told(answer)
    assert ItemMapping.objects.count() == 5000


def test_an_import_lets_go_on_what_waited(pages):
    store, erp = make_pair()
    [order] = make_orders(store, 1)
    ask(order, erp, code="mapping_missing")

    bring(pages, HEAD + "EU,BC,A,,IT-1,\n")

    assert list(SyncTask.objects.values_list("flow", "record_id")) == [("push_order_to_erp", order.pk)]
    assert ReviewItem.objects.get().state == "open"


def test_company_locations_are_named_by_store_and_id_and_matched_again(pages):
    store, erp = make_pair()
    [order] = make_orders(store, 1)
    CompanyLocationMapping.objects.create(location=order.location, connection=erp)
    exported = export(pages, "csv", "companies_companylocationmapping").decode("utf-8-sig")

    filled = exported.replace('"Hamburg",""', '"Hamburg","C-10"')
    bring(pages, filled, model="companies_companylocationmapping")

    assert '"EU gid://shopify/CompanyLocation/1","BC","Nordlicht","Hamburg",""' in exported
    assert CompanyLocationMapping.objects.get().customer_number == "C-10"
    assert list(SyncTask.objects.values_list("flow", "record_id")) == [
        ("match_company_location", order.location_id)
    ]


def test_rates_are_numbers_however_they_are_written(pages):
    store, erp = make_pair()
    TaxCodeMapping.objects.create(store=store, erp=erp, title="VAT", rate="0.19")

    bring(pages, "store,erp,title,rate,erp_code\nEU,BC,VAT,0.190,VAT19\n", model="orders_taxcodemapping")
    bad = bring(pages, "store,erp,title,rate,erp_code\nEU,BC,VAT,a lot,X\n", model="orders_taxcodemapping")

    assert [(row.rate, row.erp_code) for row in TaxCodeMapping.objects.all()] == [(Decimal("0.19"), "VAT19")]
    assert [line for line, _, _ in faults(bad)] == [2]


def test_who_may_only_look_exports_and_does_not_import(signed_in):
    make_pair()
    viewer = signed_in("view_itemmapping")

    titles = export(viewer, "csv").decode("utf-8-sig").replace('"', "").strip()
    assert titles == f"{HEAD.strip()},units_per_piece,warehouse"
    assert bring(viewer, HEAD + "EU,BC,A,,IT-1,\n").status_code == 403
    assert (
        "Import a file" not in viewer.get(reverse("admin:inventory_itemmapping_changelist")).content.decode()
    )
    assert items() == []


def test_who_may_not_even_look_exports_nothing(signed_in):
    stranger = signed_in("view_alert")

    assert stranger.get(reverse("admin:inventory_itemmapping_export", args=["csv"])).status_code == 403


def workbook(sheet=None, **parts):
    """A small workbook, with another sheet or other parts than its own."""
    plain = io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append(["store", "erp", "sku"])
    book.save(plain)
    made = io.BytesIO()
    with zipfile.ZipFile(plain) as given, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as out:
        own = {"xl/worksheets/sheet1.xml": sheet} if sheet else {}
        for name in given.namelist():
            out.writestr(name, own.get(name) or given.read(name))
        for name, content in parts.items():
            out.writestr(name, content)
    return made.getvalue()


def sheet(rows, head="", dimension="A1:A1"):
    name = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return (
        f'<?xml version="1.0"?>{head}<worksheet xmlns="{name}"><dimension ref="{dimension}"/>'
        f"<sheetData>{rows}</sheetData></worksheet>"
    )


def test_a_workbook_that_unpacks_to_much_more_than_it_is_is_refused_before_it_is_read():
    bomb = workbook(bomb=b"\0" * 101_000_000)

    assert len(bomb) < 200_000
    with pytest.raises(UnreadableFile, match="unpacks to more than 100 MB"):
        read_lines("items.xlsx", bomb)


def test_a_sheet_that_claims_to_be_smaller_than_it_is_is_read_whole():
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in (1, 2, 3))

    lines = read_lines("items.xlsx", workbook(sheet(rows, dimension="A1:A1")))

    assert [line[0] for line in lines] == ["1", "2", "3"]


def test_a_sheet_that_claims_to_be_wide_and_long_costs_nothing():
    one = '<row r="1"><c r="A1" t="inlineStr"><is><t>sku</t></is></c></row>'

    lines = read_lines("items.xlsx", workbook(sheet(one, dimension="A1:XFD1048576")))

    assert [[cell for cell in line if cell] for line in lines] == [["sku"]]
    assert len(lines[0]) == 100


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ('<row r="1"><c r="XFD1"><v>1</v></c></row>', None),
        ('<row r="1"><c r="CW1"><v>1</v></c></row>', "more than 100 columns"),
        ('<row r="1048576"><c r="A1048576"><v>1</v></c></row>', "more than 50000 rows"),
        ('<row r="1"><c r="A1" t="s"><v>99</v></c></row>', "no proper XLSX"),
        ('<row r="1"><c r="A1" t="d"><v>not a day</v></c></row>', "no proper XLSX"),
    ],
)
def test_cells_in_strange_places_are_refused_or_left_out(rows, words):
    if words is None:
        assert all(not any(line) for line in read_lines("items.xlsx", workbook(sheet(rows))))
    else:
        with pytest.raises(UnreadableFile, match=words):
            read_lines("items.xlsx", workbook(sheet(rows)))


def test_a_workbook_reads_no_file_of_ours_and_expands_no_entities():
    outside = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
    laughs = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    growing = f'<!DOCTYPE x [<!ENTITY e0 "ha">{laughs}<!ENTITY e "&e9;">]>'

    for head in (outside, growing):
        row = '<row r="1"><c r="A1" t="inlineStr"><is><t>&e;</t></is></c></row>'
        with pytest.raises(UnreadableFile):
            read_lines("items.xlsx", workbook(sheet(row, head)))


def test_a_workbook_with_a_broken_byte_is_read_or_refused_and_nothing_else():
    whole = workbook()

    for place in range(0, len(whole), 23):
        broken = bytearray(whole)
        broken[place] ^= 0xFF
        try:
            read_lines("items.xlsx", bytes(broken))
        except UnreadableFile as error:
            assert "XLSX" in str(error) or "unpacks" in str(error)  # noqa: PT017


def test_a_file_with_very_many_columns_is_refused_at_once():
    with pytest.raises(UnreadableFile, match="more than 100 columns"):
        read_lines("items.csv", b"sku," * 500_000)


def test_a_value_begins_no_cell_where_spreadsheets_separate_by_semicolons():
    text = as_csv([["a;=1+1", "b"]]).decode("utf-8-sig")

    assert [cell for cell in next(csv.reader([text], delimiter=";")) if cell.startswith("=")] == []
