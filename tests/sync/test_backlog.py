from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from hub.sync import backlog
from hub.sync.models import Alert, ReviewDeadline, ReviewItem
from tests.admin.rows import ask, make_orders, make_pair

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked():
    """Ask about new orders; the question is so many hours old."""
    store, erp = make_pair()
    orders = iter(make_orders(store, 4))

    def old(hours, code="totals_differ"):
        item = ask(next(orders), erp, code=code)
        ReviewItem.objects.filter(pk=item.pk).update(created_at=Now() - timedelta(hours=hours))
        return item

    return old


def open_alerts():
    return list(Alert.objects.filter(closed_at=None).values_list("cause", flat=True))


def test_people_are_told_once_of_questions_that_wait_too_long_and_how_many_there_are(asked):
    ReviewDeadline.objects.create(code="totals_differ", hours=24)
    asked(25), asked(30), asked(1), asked(48, code="possible_duplicate")

    assert (backlog.tell_overdue(), backlog.tell_overdue()) == (1, 1)

    alert = Alert.objects.get()
    assert (alert.cause, alert.count) == ("questions wait: totals differ", 1)
    assert "2 questions (totals differ) have waited for more than 24 hours" in alert.message


def test_the_alert_ends_when_the_questions_are_answered(asked):
    ReviewDeadline.objects.create(code="totals_differ", hours=24)
    item = asked(25)
    backlog.tell_overdue()
    ReviewItem.objects.filter(pk=item.pk).update(state="decided", decision="dismissed")

    assert backlog.tell_overdue() == 0
    assert open_alerts() == []


def test_the_alert_ends_with_its_deadline(asked):
    deadline = ReviewDeadline.objects.create(code="totals_differ", hours=24)
    asked(25)
    backlog.tell_overdue()
    deadline.delete()

    assert backlog.tell_overdue() == 0
    assert open_alerts() == []


def test_a_deadline_without_a_reason_is_for_every_question(asked):
    ReviewDeadline.objects.create(hours=2)
    asked(3), asked(4, code="possible_duplicate")

    backlog.tell_overdue()

    assert open_alerts() == ["questions wait: of any kind"]
    assert "2 questions" in Alert.objects.get().message


def test_without_deadlines_nobody_is_told(asked):
    asked(1000)

    assert backlog.tell_overdue() == 0
    assert open_alerts() == []
