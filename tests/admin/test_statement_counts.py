"""Every page of the back office takes as many statements for 60 rows as for 5: also the pages that come later."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.rows_of_all import Rows

pytestmark = pytest.mark.django_db

# More than a list shows.
FEW, MANY = 5, 60
MOST = 30
"""Statements of any one page; a store's takes most, with its schedules, subscriptions and policies."""


def address(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def statements(client, where):
    with CaptureQueriesContext(database) as captured:
        answer = client.get(where)
    assert answer.status_code == 200, where
    return len(captured.captured_queries), answer


def counts(client, rows, number):
    """Statements of each model's list and of its first row's page, with so many rows of everything."""
    first = {model: rows.fill(model, number)[0] for model in admin.site._registry}
    found = {}
    for model, page in admin.site._registry.items():
        listed, answer = statements(client, address(model, "changelist"))
        shown = len(answer.context["cl"].result_list)
        assert shown == min(model._default_manager.count(), page.list_per_page), model
        opened, _ = statements(client, address(model, "change", first[model].pk))
        found[model._meta.label] = {"list": listed, "page": opened}
    return found


def test_every_list_and_page_takes_as_many_statements_for_60_rows_as_for_5(pages):
    rows = Rows()
    counts(pages, rows, FEW)

    few = counts(pages, rows, FEW)
    many = counts(pages, rows, MANY)

    assert many == few
    assert {label: found for label, found in few.items() if max(found.values()) > MOST} == {}
