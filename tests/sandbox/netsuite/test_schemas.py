"""The field tables of the simulated account are those of the published schemas."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub.sandbox.netsuite.credit_memos import MEMO
from hub.sandbox.netsuite.estimates import ESTIMATE, ESTIMATE_LINE, ESTIMATE_STATUSES
from hub.sandbox.netsuite.fields import LENGTHS, NOT_ENABLED, READ_ONLY, TABLES, TAX_DETAIL
from hub.sandbox.netsuite.invoices import APPLY, INVOICE
from hub.sandbox.netsuite.reading import _COMMON, _ITEM_FIELDS, MASTERS
from hub.sandbox.netsuite.returns import LINE, RETURN
from hub.sandbox.netsuite.tables import COLUMNS

SPECS = Path(__file__).resolve().parents[4] / "shared" / "specs" / "netsuite"
PLAIN = {"date": ("string", "date"), "datetime": ("string", "date-time")}
# Columns of SuiteQL that are no fields of the record's script interface: keys, kinds, and the catalogue's own names.
OWN_COLUMNS = {
    "transaction": {
        "id",
        "tranid",
        "transactionnumber",
        "trandisplayname",
        "type",
        "recordtype",
        "foreigntotal",
    }
    # Of an estimate.
    | {"voided", "duedate"},
    "customer": {"id", "altname", "vatregnumber", "entityid", "taxitem"},
}


def load(name):
    path = SPECS / name
    if not path.is_file():
        pytest.skip(f"the published schemas are not beside the repository: {path.name}")
    return json.loads(path.read_text())


def kind_of(described):
    """A published property as the field tables word it."""
    reference = described.get("$ref", "").rpartition("/")[2]
    if reference == "nsResource":
        return f"ref:{described['x-ns-record']}"
    if reference.endswith("Collection"):
        return f"list:{reference.replace('Collection', 'Element')}"
    if reference:
        return f"object:{reference}"
    if described["type"] == "object":
        allowed = described["properties"]["id"].get("enum")
        return f"enum:{','.join(allowed)}" if allowed else "enum"
    formats = {published: ours for ours, published in PLAIN.items()}
    return formats.get((described["type"], described.get("format")), described["type"])


# Not in the published subset of 2026.1: credit memos and estimates, whose headers were published for 2020.2.
OLDER = (MEMO, "creditMemo-itemElement", ESTIMATE, ESTIMATE_LINE, APPLY, INVOICE, RETURN, LINE)


@pytest.mark.parametrize("table", [name for name in TABLES if name not in (TAX_DETAIL, *OLDER)])
def test_names_and_types_are_those_of_release_2026_1(table):
    published = load("rest_record_v1_2026.1_subset.json")["schemas"][table]["properties"]

    assert TABLES[table] == {name: kind_of(described) for name, described in published.items()}


def test_the_fields_of_a_credit_memo_are_among_those_of_release_2020_2():
    published = load("rest_record_v1_2020.2_schemas.json")["schemas"][MEMO]

    assert TABLES[MEMO].keys() <= published.keys()
    assert TABLES["creditMemo-itemElement"].items() <= TABLES["salesOrder-itemElement"].items()


def test_the_fields_and_states_of_an_estimate_are_those_of_release_2020_2():
    older = load("rest_record_v1_2020.2_schemas.json")
    published = older["schemas"][ESTIMATE]
    # That release wrote some names without capitals.
    names = {name.lower() for name in published}
    assert {name.lower() for name in TABLES[ESTIMATE]} <= names
    assert {name.lower() for name in TABLES["salesOrder"].keys() - TABLES[ESTIMATE].keys()}.isdisjoint(names)
    assert published["status"] == f"string enum({', '.join([*ESTIMATE_STATUSES, 'Y'])})"
    assert "POST /estimate/{id}/!transform/salesOrder" in older["operations"][ESTIMATE]

    record = load("suitescript_records.json")["records"][ESTIMATE]
    [lines] = [found for found in record["sublists"] if found["internalId"] == "item"]
    assert {name.lower() for name in TABLES[ESTIMATE_LINE]} <= {
        field["internalId"] for field in lines["fields"]
    }


def test_the_fields_of_a_return_authorization_are_among_those_of_release_2020_2():
    published = load("rest_record_v1_2020.2_schemas.json")["schemas"][RETURN]

    assert TABLES[RETURN].keys() <= published.keys()
    assert TABLES[RETURN]["orderStatus"] == published["orderStatus"].replace("string enum(", "enum:")[
        :-1
    ].replace(" ", "")


def test_a_credit_is_applied_as_a_payment_of_release_2026_1_is():
    published = load("rest_record_v1_2026.1_subset.json")["schemas"]["customerPayment-applyElement"][
        "properties"
    ]
    shown = {name: kind_of(described) for name, described in published.items()}

    assert shown == TABLES[APPLY] | {"doc": "ref:transaction"}


def test_the_fields_of_an_invoice_are_those_of_release_2020_2():
    published = load("rest_record_v1_2020.2_schemas.json")["schemas"][INVOICE]

    assert {name.lower() for name in TABLES[INVOICE]} <= {name.lower() for name in published}


def test_tax_details_are_those_of_the_record_catalogue():
    record = load("suitescript_records.json")["records"]["salesorder"]
    (sublist,) = [
        found for found in record["sublists"] if found.get("internalId", found.get("name")) == "taxdetails"
    ]
    fields = sublist.get("fields") or sublist.get("tabs")
    names = {field.get("internalId") or field["name"] for field in fields}

    # taxType is what a tax code belongs to; the catalogue does not list it among the columns.
    assert {name.lower() for name in TABLES[TAX_DETAIL]} - names == {"taxtype"}


@pytest.mark.parametrize("name", sorted(MASTERS))
def test_fields_of_master_records_are_those_of_release_2020_2(name):
    published = load("rest_record_v1_2020.2_schemas.json")["schemas"][name]
    _, kinds, own = MASTERS[name]

    shown = _COMMON | (_ITEM_FIELDS if kinds else {}) | own

    assert [field for field in shown if field not in published] == []


@pytest.mark.parametrize(("table", "record"), [("transaction", "salesorder"), ("customer", "customer")])
def test_columns_of_suiteql_are_names_of_the_record_catalogue(table, record):
    found = load("suitescript_records.json")["records"][record]
    names = {field.get("internalId") or field["name"] for field in found["fields"] or found["tabs"]}

    assert set(COLUMNS[table]) - names - OWN_COLUMNS[table] == set()


@pytest.mark.parametrize("rules", [READ_ONLY, NOT_ENABLED, LENGTHS])
def test_rules_name_fields_that_exist(rules):
    named = [(table, name) for table, names in rules.items() for name in names]

    assert [(table, name) for table, name in named if name not in TABLES[table]] == []
