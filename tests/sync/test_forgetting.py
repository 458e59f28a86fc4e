"""What has outlived its time is deleted, a bounded number at a time; nothing else is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from hub.sync import sweep
from hub.sync.models import TaskHistory
from tests.sync.plans import every_row_asks_its_subquery_anew

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nobody_is_signed_in():
    Session.objects.all().delete()


def session(key, *, hours):
    """A session that expires in so many hours."""
    return Session(session_key=key, session_data="", expire_date=datetime.now(UTC) + timedelta(hours=hours))


def test_sessions_that_have_expired_are_deleted_and_others_stay():
    Session.objects.bulk_create([session("gone", hours=-1), session("good", hours=1)])

    sweep.forget_old()

    assert [row.pk for row in Session.objects.all()] == ["good"]


def test_whoever_is_signed_in_stays_so():
    client = Client()
    client.force_login(User.objects.create_superuser("kim", password="irrelevant"))

    sweep.forget_old()

    assert client.get(reverse("admin:index")).status_code == 200


def test_many_expired_sessions_are_deleted_in_batches_the_oldest_first():
    Session.objects.bulk_create(session(f"s{n}", hours=-n) for n in range(1, 6))

    sweep.forget_old(most=3)

    assert sorted(row.pk for row in Session.objects.all()) == ["s1", "s2"]


def test_no_more_than_a_batch_is_deleted_however_the_database_goes_about_it():
    Session.objects.bulk_create(session(f"s{n}", hours=-n) for n in range(100, 0, -1))

    with every_row_asks_its_subquery_anew(Session):
        sweep.forget_old(most=40)

    assert Session.objects.count() == 60


def test_history_is_kept_for_its_days():
    now = datetime.now(UTC)
    TaskHistory.objects.bulk_create(
        TaskHistory(
            task_id=days,
            flow="push_order_to_erp",
            connection_id=1,
            record_id=1,
            subject="order:1",
            outcome="done",
            message="",
            hints=1,
            attempts=0,
            created_at=now,
            finished_at=now - timedelta(days=days),
        )
        for days in (29, 31)
    )

    sweep.forget_old()

    assert [row.task_id for row in TaskHistory.objects.all()] == [29]
