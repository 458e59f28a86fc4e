"""What a load balancer and Prometheus are told."""

from __future__ import annotations

import socket
from contextlib import contextmanager

import pytest
from django.core.management import CommandError
from django.db import connection as database
from django.db.migrations.recorder import MigrationRecorder
from pytest_socket import SocketConnectBlockedError

from hub.health import NOBODY_WORKS
from hub.supervise.cluster import BrokerDown
from hub.sync.drain import Drain
from hub.sync.enqueue import enqueue
from hub.sync.management.commands.web import refuse_without_database
from hub.sync.management.commands.work import QueueBroker
from hub.sync.models import Connection

STRANGER = {"REMOTE_ADDR": "203.0.113.9"}
PROXIED = {"HTTP_X_FORWARDED_FOR": "203.0.113.9"}


@contextmanager
def database_at(port, **options):
    """The database is looked for at this port of this machine."""
    right = database.settings_dict
    database.close()
    database.settings_dict = right | {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "ENGINE": "django.db.backends.postgresql",
        "OPTIONS": right["OPTIONS"] | {"pool": None} | options,
    }
    try:
        yield
    finally:
        database.close()
        database.settings_dict = right


@pytest.fixture
def silent_port():
    """Somebody takes every call there and says nothing, as a server does behind a firewall or on a sick machine."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(20)
        yield listener.getsockname()[1]


def test_the_process_lives_without_a_database(client):
    answer = client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db(transaction=True)
def test_D1_the_process_lives_and_is_not_ready_while_the_database_is_down(client):
    client.cookies["sessionid"] = "x" * 32

    with database_at(9):
        lives, ready, figures = (client.get(path) for path in ("/healthz", "/readyz", "/metrics"))

    assert (lives.status_code, lives.json()) == (200, {"status": "ok"})
    assert ready.status_code == 503
    assert ready.json()["reason"].startswith(
        "the database server at 127.0.0.1:9 cannot be reached; start it, or set DATABASE_URL right ("
    )
    assert figures.status_code == 200
    assert "concord_database_up 0.0" in figures.content.decode()
    assert client.get("/readyz").status_code == 200


def test_a_server_that_says_nothing_is_given_up_after_seconds(settings):
    assert settings.DATABASES["default"]["OPTIONS"]["connect_timeout"] == 5


@pytest.mark.django_db(transaction=True)
def test_a_database_that_says_nothing_is_named_with_what_to_do(client, silent_port, socket_enabled):
    words = (
        f"the database server at 127.0.0.1:{silent_port} did not answer within 2 seconds: see whether it runs and "
        "whether a firewall lets this machine through, or name another one in DATABASE_URL"
    )

    with database_at(silent_port, connect_timeout=2):
        ready = client.get("/readyz")
        stranger = client.get("/readyz", **STRANGER)
        with pytest.raises(BrokerDown) as workers_reason:
            QueueBroker("work-test").woken(0)
        with pytest.raises(BrokerDown) as queue_reason:
            QueueBroker("work-test").purge()
        with pytest.raises(CommandError) as commands_reason:
            refuse_without_database()

    assert (ready.status_code, ready.json()["reason"]) == (503, words)
    assert (stranger.status_code, stranger.json()) == (503, {"status": "not ready"})
    assert {str(one.value) for one in (workers_reason, queue_reason, commands_reason)} == {words}
    assert client.get("/readyz").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_database_that_refuses_us_says_so_in_one_line(client, settings):
    with database_at(database.settings_dict["PORT"]):
        database.settings_dict |= {"HOST": settings.DATABASES["default"]["HOST"], "NAME": "no such database"}
        reason = client.get("/readyz").json()["reason"]

    assert 'database "no such database" does not exist' in reason
    assert "\n" not in reason


@pytest.mark.django_db
def test_ready_once_everything_is_migrated(client):
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "reason": "", "workers": 0, "warning": ""}


@pytest.mark.django_db
def test_not_ready_while_a_migration_is_missing(client):
    newest = MigrationRecorder.Migration.objects.filter(app="admin").latest("name")
    newest.delete()

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["reason"] == "1 migrations are not applied: run manage.py migrate"


@pytest.mark.django_db
def test_strangers_learn_whether_it_is_ready_and_nothing_else(client):
    assert client.get("/readyz", **STRANGER).json() == {"status": "ok"}
    MigrationRecorder.Migration.objects.filter(app="admin").latest("name").delete()

    for stranger in (STRANGER, PROXIED):
        answer = client.get("/readyz", **stranger)
        assert (answer.status_code, answer.json()) == (503, {"status": "not ready"})


@pytest.mark.django_db(transaction=True)
def test_says_that_there_is_work_and_nobody_does_it_and_counts_who_lives(client):
    store = Connection.objects.create(
        system="shopify", name="Store", code="S1", config={"shop_domain": "a.myshopify.com"}
    )
    enqueue("read_store_orders", store.pk)

    nobody = client.get("/readyz").json()
    work = Drain(threads=1)
    session = work._open_session()
    somebody = client.get("/readyz").json()
    figures = client.get("/metrics").content.decode()
    session.close()
    work.crew.close()

    assert (nobody["status"], nobody["workers"], nobody["warning"]) == ("ok", 0, NOBODY_WORKS)
    assert (somebody["workers"], somebody["warning"]) == (1, "")
    assert "concord_workers_live 1.0" in figures
    assert "concord_database_up 1.0" in figures


@pytest.mark.django_db
def test_metrics_are_prometheus_text_for_the_machine_itself(client):
    answer = client.get("/metrics")

    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize(
    "stranger",
    [
        STRANGER,
        PROXIED,
        {"HTTP_FORWARDED": "for=203.0.113.9"},
        {"HTTP_X_REAL_IP": "203.0.113.9"},
        {"REMOTE_ADDR": ""},
        {"REMOTE_ADDR": "::ffff:203.0.113.9"},
        {"HTTP_AUTHORIZATION": "Bearer ", **STRANGER},
    ],
)
def test_without_a_token_metrics_are_for_this_machine_only(client, stranger):
    answer = client.get("/metrics", **stranger)

    assert (answer.status_code, answer.content, answer["WWW-Authenticate"]) == (401, b"", "Bearer")


@pytest.mark.django_db
@pytest.mark.parametrize("local", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_every_loopback_address_is_this_machine(client, local):
    assert client.get("/metrics", REMOTE_ADDR=local).status_code == 200


@pytest.mark.django_db
def test_with_a_token_metrics_are_for_whoever_has_it_from_anywhere(client, settings):
    settings.METRICS_TOKEN = "right"

    right = {"HTTP_AUTHORIZATION": "Bearer right"}
    assert client.get("/metrics", **right, **STRANGER).status_code == 200
    assert client.get("/metrics", **right, **PROXIED).status_code == 200
    assert client.get("/readyz", **right, **STRANGER).json()["reason"] == ""
    for wrong in ({}, {"HTTP_AUTHORIZATION": "Bearer wrong"}, {"HTTP_AUTHORIZATION": "right"}):
        assert client.get("/metrics", **wrong).status_code == 401


@pytest.mark.filterwarnings("ignore:A test tried to use socket")
def test_a_test_cannot_reach_beyond_this_machine():
    with socket.socket() as other, pytest.raises(SocketConnectBlockedError):
        other.connect(("192.0.2.1", 80))
