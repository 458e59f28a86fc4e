"""What a load balancer and Prometheus are told."""

from __future__ import annotations

import socket

import pytest
from django.db.migrations.recorder import MigrationRecorder
from pytest_socket import SocketConnectBlockedError


def test_the_process_lives_without_a_database(client):
    answer = client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_ready_once_everything_is_migrated(client):
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["reason"]) == (200, "")


@pytest.mark.django_db
def test_not_ready_while_a_migration_is_missing(client):
    newest = MigrationRecorder.Migration.objects.filter(app="admin").latest("name")
    newest.delete()

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["reason"] == "1 migrations are not applied: run manage.py migrate"


@pytest.mark.django_db
def test_metrics_are_prometheus_text(client):
    answer = client.get("/metrics")

    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")


@pytest.mark.filterwarnings("ignore:A test tried to use socket")
def test_a_test_cannot_reach_beyond_this_machine():
    with socket.socket() as other, pytest.raises(SocketConnectBlockedError):
        other.connect(("192.0.2.1", 80))
