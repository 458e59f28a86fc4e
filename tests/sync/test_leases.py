"""A worker takes no more leases than it asked for."""

from __future__ import annotations

import pytest

from hub.sync import leases
from hub.sync.models import Lease
from tests.sync.plans import every_row_asks_its_subquery_anew

pytestmark = pytest.mark.django_db


def test_no_more_leases_are_taken_than_asked_for_however_the_database_goes_about_it():
    credentials = [f"credential-{n}" for n in range(8)]
    leases.ensure_rows(credentials)

    with every_row_asks_its_subquery_anew(Lease):
        taken = leases.acquire("worker", credentials, 3)

    assert sorted(held.credential for held in taken) == credentials[:3]
