"""Makes the roles' groups and gives them their permissions after each migration: once each, never again.

So a new model reaches the roles by itself, and what a customer took from a group, or the group that he deleted,
stays as he left it.
"""

from __future__ import annotations

from django.apps import AppConfig, apps
from django.contrib.auth.models import Group, Permission
from django.db import connections, transaction

from hub.access.models import Grant
from hub.access.roles import ROLES


def grant_after_migrate(*, app_config: AppConfig, using: str, **_: object) -> None:
    """Receiver of post_migrate, which comes for each app: after the last one every permission is there."""
    if app_config is not [one for one in apps.get_app_configs() if one.models_module][-1]:
        return
    tables = connections[using].introspection.table_names()
    needed = {Grant._meta.db_table, Group._meta.db_table, Permission._meta.db_table}
    if needed <= set(tables):
        with transaction.atomic(using=using):
            grant(using)


def grant(using: str = "default") -> int:
    """Give every role what it was never given yet; returns how many permissions that were."""
    rows = Permission.objects.using(using).values_list("content_type__app_label", "codename", "pk")
    known = {f"{app}.{codename}": key for app, codename, key in rows}
    given = set(Grant.objects.using(using).values_list("role", "permission"))
    roles_of_old = {role for role, _ in given}
    count = 0
    for name, role in ROLES.items():
        new = sorted(one for one in role.permissions(list(known)) if (name, one) not in given)
        if not new:
            continue
        group = _group(name, name in roles_of_old, using)
        # First, so that the database knows the permissions below as ours and notes no change (hub/access/models.py).
        Grant.objects.using(using).bulk_create(
            [Grant(role=name, permission=one) for one in new], ignore_conflicts=True
        )
        if group is not None:
            group.permissions.add(*(known[one] for one in new))
        count += len(new)
    return count


def _group(name: str, was_made: bool, using: str) -> Group | None:
    """The role's group; None where somebody deleted it."""
    if was_made:
        return Group.objects.using(using).filter(name=name).first()
    return Group.objects.using(using).get_or_create(name=name)[0]
