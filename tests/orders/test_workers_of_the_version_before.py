"""While an upgrade goes from process to process, workers of the version before write into tables that are new."""

from __future__ import annotations

import pytest
from django.db import connection as database


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("orders_orderlink", "confirmation"),
        ("companies_storecompanylocation", "phone"),
        ("companies_storecompanylocation", "currency"),
    ],
)
def test_G7_a_column_that_they_do_not_name_has_a_default_of_the_database(table, column):
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT column_default FROM information_schema.columns WHERE table_name = %s AND column_name = %s",
            [table, column],
        )
        [default] = cursor.fetchone()

    assert default == "''::character varying"
