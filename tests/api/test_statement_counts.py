"""Every endpoint takes as many statements for 250 rows as for 10: also those that come later."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from hub import urls
from hub.api.parameters import PageParameters
from hub.api.views import ApiView
from hub.sync.models import Connection, ReviewItem
from orders.models import PartnerOrder, StoreOrder
from tests.rows_of_all import Rows

pytestmark = pytest.mark.django_db

ROOMS = ("sync", "companies", "inventory", "orders")
# More than the largest page.
FEW, MANY = 10, 250
RECORDS = {"order_id": StoreOrder, "review_id": ReviewItem, "partner_order_id": PartnerOrder}


def fill(rows, number):
    for room in ROOMS:
        for model in apps.get_app_config(room).get_models():
            rows.fill(model, 1 if model is Connection else number)


def endpoints():
    """The path of each endpoint, with the key of a record where it names one, and its parameters."""
    for pattern in urls.api:
        view = getattr(pattern.callback, "view_class", None)
        if view is None or not issubclass(view, ApiView) or "get" not in view.http_method_names:
            continue
        path = str(pattern.pattern)
        for name in view.path_keys:
            path = path.replace(f"<str:{name}>", str(RECORDS[name].objects.order_by("pk")[0].pk))
        yield path, {"page_size": 200} if issubclass(view.parameters, PageParameters) else {}


def counts(world, key):
    found = {}
    for path, parameters in endpoints():
        with CaptureQueriesContext(database) as captured:
            answer = world.get(path, key, **parameters)
        assert answer.status_code == 200, (path, answer.content)
        found[path] = len(captured.captured_queries)
    return found


def test_every_endpoint_takes_as_many_statements_for_250_rows_as_for_10(world):
    rows = Rows()
    fill(rows, FEW)
    partners = [world.key(), world.key(sees=list(Connection.objects.all()))]
    few = [counts(world, key) and counts(world, key) for key in partners]

    fill(rows, MANY)
    many = [counts(world, key) and counts(world, key) for key in partners]

    assert many == few
    assert len(few[0]) >= 7
