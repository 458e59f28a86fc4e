"""Each cause is told once, however many drains there are, and told again where the teller may have died."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.db import connection as database

from hub.sync import alerts
from hub.sync.models import Alert, AlertChannel

pytestmark = pytest.mark.django_db(transaction=True)


class Phone(ThreadingHTTPServer):
    """A webhook that takes half a second to answer and remembers what it was told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Ringing)
        self.heard: list[str] = []
        self.status = 200
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class Ringing(BaseHTTPRequestHandler):
    server: Phone

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(0.3)
        self.server.heard.append(body["cause"])
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def phone():
    """Where alerts go."""
    phone = Phone()
    AlertChannel.objects.create(kind="webhook", address=phone.address)
    yield phone
    phone.shutdown()
    phone.server_close()


def tell_from(threads):
    """Several drains come to tell people at the same moment."""
    told = []

    def tell():
        told.append(alerts.tell_people())
        database.close()

    drains = [threading.Thread(target=tell) for _ in range(threads)]
    for drain in drains:
        drain.start()
    for drain in drains:
        drain.join()
    return sum(told)


def pass_time(seconds):
    Alert.objects.update(tell_at=datetime.now(UTC) - timedelta(seconds=1) + timedelta(seconds=-seconds))


def test_drains_that_come_at_the_same_moment_tell_each_cause_once(phone):
    for number in range(3):
        alerts.raise_alert(f"cause {number}", "words")

    told = tell_from(4)

    assert (told, sorted(phone.heard)) == (3, ["cause 0", "cause 1", "cause 2"])
    assert alerts.tell_people() == 0


def test_what_its_teller_took_and_did_not_finish_is_told_by_another_after_a_while(phone):
    alerts.raise_alert("cause", "words")
    assert alerts._take_one(1).cause == "cause"
    assert (alerts.tell_people(), phone.heard) == (0, [])

    pass_time(60)

    assert (alerts.tell_people(), phone.heard) == (1, ["cause"])


def test_what_no_channel_took_is_told_a_minute_later_and_not_at_once(phone):
    phone.status = 500
    alerts.raise_alert("cause", "words")
    assert (alerts.tell_people(), len(phone.heard)) == (0, 1)
    assert (alerts.tell_people(), len(phone.heard)) == (0, 1)

    phone.status = 200
    pass_time(60)

    assert (alerts.tell_people(), len(phone.heard)) == (1, 2)


def test_a_cause_that_lasts_is_counted_and_one_that_came_back_is_told_again(phone):
    alerts.raise_alert("cause", "words")
    alerts.raise_alert("cause", "more words")
    alerts.tell_people()
    alerts.close_alert("cause")

    alerts.raise_alert("cause", "words")
    alerts.tell_people()

    assert phone.heard == ["cause", "cause"]
    assert list(Alert.objects.order_by("pk").values_list("count", "message")) == [
        (2, "more words"),
        (1, "words"),
    ]
