from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection as database

from hub.sync.models import Connection

pytestmark = pytest.mark.django_db
SECRET = "canary-3f9a"


@pytest.fixture
def erp():
    return Connection.objects.create(
        system="business_central", name="ERP", code="E1", secrets={"client_secret": SECRET}
    )


def stored() -> str:
    with database.cursor() as cursor:
        cursor.execute("SELECT secrets FROM sync_connection")
        return cursor.fetchone()[0]


def test_I10_secrets_are_readable_through_the_model_and_nowhere_in_the_table(erp):
    assert Connection.objects.get().secrets == {"client_secret": SECRET}
    assert SECRET not in stored()
    with database.cursor() as cursor:
        cursor.execute("SELECT row_to_json(c)::text FROM sync_connection c")
        assert SECRET not in cursor.fetchone()[0]


def test_the_same_secret_is_never_stored_as_the_same_text(erp):
    before = stored()

    erp.save()

    assert stored() != before


def test_D5_keys_rotate_without_losing_a_secret(erp, settings):
    old, new = settings.FIELD_ENCRYPTION_KEYS[0], Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    assert Connection.objects.get().secrets == {"client_secret": SECRET}

    call_command("rotate_keys")
    settings.FIELD_ENCRYPTION_KEYS = [new]

    assert Connection.objects.get().secrets == {"client_secret": SECRET}
    settings.FIELD_ENCRYPTION_KEYS = [old]
    with pytest.raises(ImproperlyConfigured, match="rotate_keys"):
        Connection.objects.get()


def test_no_key_is_said_plainly(erp, settings):
    settings.FIELD_ENCRYPTION_KEYS = []

    with pytest.raises(ImproperlyConfigured, match="FIELD_ENCRYPTION_KEYS is empty"):
        Connection.objects.get()


def test_an_empty_set_of_secrets_is_kept(erp):
    erp.secrets = {}
    erp.save()

    assert Connection.objects.get().secrets == {}


@pytest.mark.parametrize("value", ["", "ÿ☃🎉", "a" * 10_000, '"}{\\'])
def test_any_text_can_be_a_secret(erp, value):
    erp.secrets = {"client_secret": value}
    erp.save()

    assert Connection.objects.get().secrets == {"client_secret": value}
