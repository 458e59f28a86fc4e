"""What tests leave behind is gone before the next one, and what they changed or deleted is back."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.db import connection as database

from hub.sync.models import Change, FieldOwner
from tests import pristine

pytestmark = pytest.mark.django_db(transaction=True)


def everything():
    """Every row of every table, but for the list of migrations."""
    with database.cursor() as cursor:
        rows = {}
        for table in database.introspection.django_table_names(only_existing=True):
            cursor.execute(f'SELECT * FROM "{table}"')
            rows[table] = sorted(map(str, cursor.fetchall()))
        return rows


def test_the_test_database_is_what_the_migrations_make_now():
    call_command("migrate", check_unapplied=True, verbosity=0)


def test_rows_are_deleted_mended_and_brought_back():
    before = everything()
    boss = User.objects.create_superuser("boss")
    group = Group.objects.order_by("pk")[0]
    boss.groups.add(group)
    group.permissions.clear()
    Group.objects.exclude(pk=group.pk).delete()
    Permission.objects.filter(codename__startswith="add_").delete()
    FieldOwner.objects.update(on_conflict=FieldOwner.Rule.OWNER)
    assert Change.objects.exists()

    pristine.restore()

    assert everything() == before
    assert sum(map(len, before.values())) > 500


def test_no_other_database_is_ever_emptied(monkeypatch):
    monkeypatch.setitem(database.settings_dict, "NAME", "concord")

    with pytest.raises(RuntimeError, match="no test database"):
        pristine.restore()
