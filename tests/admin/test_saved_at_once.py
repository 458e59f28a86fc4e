"""Two people save at the same time what only one row may say: the later one is told so, and nothing is lost."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager

import psycopg
import pytest
from django.contrib import admin
from django.db import IntegrityError, OperationalError, transaction
from django.db import connection as database
from django.forms.models import model_to_dict
from django.urls import reverse

from hub.sync.admin import MappingAdmin
from hub.sync.admin.saving import MOST_TRIES, once_more
from orders.models import FreightRate, OrderFieldMapping
from orders.models.field_mappings import TAKEN_TWICE
from tests.admin.rows import make_pair
from tests.admin.test_order_field_pages import DIMENSION, add, bring, edit, faults, row, targets
from tests.rows_of_all import Rows

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_SECONDS = 60.0
MAPPINGS = sorted(
    (model for model, page in admin.site._registry.items() if isinstance(page, MappingAdmin)),
    key=lambda model: model.__name__,
)


@pytest.fixture
def pair():
    return make_pair()


@contextmanager
def meanwhile(save):
    """The block is one transaction of another person; `save` begins within it, and ends after it. Yields its answer."""
    answers = []

    def run():
        try:
            answers.append(save())
        finally:
            database.close()

    thread = threading.Thread(target=run)
    with transaction.atomic():
        yield answers
        thread.start()
        wait_until_somebody_waits_for_us(thread)
    thread.join(PATIENCE_SECONDS)


def wait_until_somebody_waits_for_us(thread):
    end = time.monotonic() + PATIENCE_SECONDS
    with database.cursor() as cursor:
        while time.monotonic() < end and thread.is_alive():
            cursor.execute(
                "SELECT EXISTS (SELECT FROM pg_locks"
                " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
            )
            if cursor.fetchone()[0]:
                return
            time.sleep(0.01)
    raise AssertionError("nobody waited for this transaction")


def test_a_row_of_a_field_that_somebody_else_fills_right_now_is_refused_at_the_field(pages, pair):
    with meanwhile(lambda: add(pages, pair, key="Mine")) as answers:
        row(pair, "Theirs", DIMENSION)

    [answer] = answers
    assert answer.status_code == 200
    assert TAKEN_TWICE in answer.content.decode()
    assert answer.context["adminform"].form["key"].value() == "Mine"
    assert targets() == {"Theirs": DIMENSION}


def test_a_list_in_which_somebody_else_fills_the_same_field_right_now_keeps_what_was_typed(pages, pair):
    theirs, mine = row(pair, "Theirs"), row(pair, "Mine")

    with meanwhile(lambda: edit(pages, (mine, DIMENSION, "K-1", False))) as answers:
        OrderFieldMapping.objects.filter(pk=theirs.pk).update(target=DIMENSION)

    [form] = answers[0].context["cl"].formset.forms
    assert form.errors == {"target": [TAKEN_TWICE]}
    assert (form["target"].value(), form["default_value"].value()) == (DIMENSION, "K-1")
    assert targets() == {"Theirs": DIMENSION, "Mine": ""}


def test_a_file_that_fills_a_field_which_somebody_else_fills_right_now_names_the_line(pages, pair):
    with meanwhile(lambda: bring(pages, f"EU,BC,attribute,Mine,{DIMENSION},,\n")) as answers:
        row(pair, "Theirs", DIMENSION)

    assert faults(answers[0]) == [(2, "target", "Another row says the same, and only one may.")]
    assert targets() == {"Theirs": DIMENSION}


@pytest.mark.parametrize("model", MAPPINGS)
def test_the_same_row_made_twice_at_once_is_a_form_with_an_error_on_every_mapping_page(pages, model):
    row = Rows().fill(model, 1)[0]
    if model is OrderFieldMapping:
        # Of this one a form accepts only what the ERP knows.
        vars(row).update(
            source="attribute", key="Cost center", target=DIMENSION, default_value="", is_required=False
        )
    if model is FreightRate:
        # Codes of the published forms, and ranges that hold something.
        open_ends = dict.fromkeys(("weight_to", "value_to", "parcel_weight", "days_from", "days_to"))
        vars(row).update(country="DE", province="", postal_from="", postal_to="", **open_ends)
        vars(row).update(method_code="STD", currency="EUR", price="5", weight_from="0", value_from="0")
    values = model_to_dict(row)
    fields = {name: value for name, value in values.items() if value is not None and name != "id"}
    row.delete()
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")

    with meanwhile(lambda: pages.post(address, fields)) as answers:
        model(
            **{f.attname: getattr(row, f.attname) for f in model._meta.concrete_fields if f.name != "id"}
        ).save()

    assert answers[0].status_code == 200
    assert "already exists" in str(answers[0].context["errors"])
    assert model.objects.count() == 1


def refused(error):
    """A save that is refused each time, and how often it was tried."""
    tries = []

    def save():
        tries.append(1)
        raise error

    return save, tries


def of_database(kind, cause):
    error = kind("words of the database")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "count"),
    [
        (of_database(IntegrityError, psycopg.errors.UniqueViolation()), MOST_TRIES),
        (of_database(OperationalError, psycopg.errors.DeadlockDetected()), MOST_TRIES),
        (of_database(OperationalError, psycopg.errors.AdminShutdown()), 1),
        (ValueError("a bug"), 1),
    ],
)
def test_what_is_refused_each_time_is_told_in_the_end_and_everything_else_at_once(error, count):
    save, tries = refused(error)

    with pytest.raises(type(error)):
        once_more(save)

    assert len(tries) == count
