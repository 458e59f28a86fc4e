"""Every entity and property that the sandbox serves is in the published interface, as it is there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from hub.sandbox.business_central.entities import ENTITIES
from hub.sandbox.business_central.published_pages import LEDGER_PAGE, PAGES, SHIPMENTS_PAGE

SPEC = (
    Path(__file__).resolve().parents[4] / "shared/specs/business_central/apiv2_entities_alappextensions.json"
)
# Not in the page sources: companies is served by the platform itself.
FROM_THE_PLATFORM = {"companies"}


@pytest.fixture(scope="module")
def published():
    if not SPEC.exists():
        pytest.skip(f"the published interface is not there: {SPEC}")
    pages = json.loads(SPEC.read_text(encoding="utf-8"))["entities"]
    return {page["EntitySetName"]: page for page in pages if page.get("EntitySetName")}


def written(field):
    """A published type as ours: name, length, enum values."""
    kind = field.get("type") or "Text"
    if kind.startswith(("Enum", "Option")):
        return "Enum", 0, tuple(field.get("enum", ()))
    if kind == "DateFormula":
        return "Text", 32, ()
    match = re.fullmatch(r"(\w+)(?:\[(\d+)\])?", kind)
    return match[1], int(match[2] or 0), ()


@pytest.mark.parametrize("set_name", sorted(ENTITIES.keys() - FROM_THE_PLATFORM))
def test_entities_are_as_published(published, set_name):
    page = published[set_name]
    fields = {field["name"]: field for field in page["fields"]}

    ours = ENTITIES[set_name]

    assert ours.name == page["EntityName"]
    assert ours.fields.keys() <= fields.keys()
    for name, field in ours.fields.items():
        kind, length, values = written(fields[name])
        assert (name, field.type, field.length) == (name, kind, length)
        assert field.is_read_only == (fields[name].get("editable") is False), name
        if values:
            assert field.values == values, name


@pytest.mark.parametrize(("number", "name"), [(130, SHIPMENTS_PAGE), (38, LEDGER_PAGE)])
def test_pages_are_as_published(number, name):
    pages = SPEC.with_name("nav_bc_odata_pages_derived.json")
    if not pages.exists():
        pytest.skip(f"the published pages are not there: {pages}")
    found = json.loads(pages.read_text(encoding="utf-8"))["pages"]
    [published] = [page["fields"] for page in found if page["pageId"] == number]
    fields = {field["odata"]: field["type"].split(' "')[0] for field in published}

    ours = PAGES[name].entity.fields

    assert {
        name: f"{field.type}[{field.length}]" if field.length else field.type for name, field in ours.items()
    } == {name: fields[name] for name in ours}


def test_line_types_are_as_published():
    tables = SPEC.with_name("bc_tables_w1.json")
    if not tables.exists():
        pytest.skip(f"the published tables are not there: {tables}")
    enums = json.loads(tables.read_text(encoding="utf-8"))["enums"]

    published = [value["name"].replace(" ", "_x0020_") for value in enums["Invoice Line Agg. Line Type"]]

    assert list(ENTITIES["salesOrderLines"].fields["lineType"].values) == published
