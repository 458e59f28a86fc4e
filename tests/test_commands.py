"""The commands that start things refuse in plain words, and leave no secret readable."""

from __future__ import annotations

import socket
import stat

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from hub.embedded.places import clone_folder, clone_marker
from hub.local_secrets import local_secrets
from hub.sync.management.commands.web import refuse_taken_port


def test_a_taken_port_is_refused_before_granian_could_share_it():
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(CommandError, match=f"Cannot listen on 127.0.0.1:{port}: Address already in use"):
            refuse_taken_port("127.0.0.1", port)


def test_a_free_port_is_accepted():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]

    refuse_taken_port("127.0.0.1", port)


def test_local_secrets_are_readable_by_their_user_alone():
    keys = local_secrets()

    assert set(keys) == {"secret_key", "field_encryption_key"}
    assert stat.S_IMODE((clone_folder() / "secrets.json").stat().st_mode) == 0o600


def test_a_clone_keeps_its_name():
    assert clone_marker().read_text() == clone_marker().read_text()


@pytest.mark.django_db
def test_the_first_administrator_is_made_once(capsys, tmp_path, settings):
    settings.STATIC_ROOT = tmp_path

    call_command("setup")
    call_command("setup")

    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("Administrator: admin   password: ")
    assert said[1] == "Ready; the administrator is there."
    assert get_user_model().objects.get().is_superuser
    assert get_user_model().objects.get().check_password(said[0].split("password: ")[1].split()[0])


@pytest.mark.django_db
def test_database_command_refuses_where_the_server_is_not_ours(settings):
    settings.IS_DATABASE_EMBEDDED = False

    with pytest.raises(CommandError, match="DATABASE_URL is set"):
        call_command("database", "status")
