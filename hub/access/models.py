"""What roles were given, so that nobody's own decision is undone; and who gave whom which role, noted by the database.

Django's own tables of people and groups are not ours to describe: proxies of them carry the triggers.
"""

from __future__ import annotations

from django.contrib.auth.models import Group, User
from django.db import models
from django.db.models.functions import Now

from hub.sync.tracking import Named, noted, noted_part

# Secret, written by signing in, or about the person and not about what he may do.
_UNSEEN_OF_PEOPLE = ("password", "last_login", "date_joined", "first_name", "last_name", "email")
_PERMISSION = "(SELECT app_label FROM django_content_type WHERE id = content_type_id) || '.' || codename"
_ROLE = Named("group_id", "auth_group", "name")


class Grant(models.Model):
    """This role was given this permission once. Whoever takes it away later has decided so."""

    role = models.CharField(max_length=150)
    permission = models.CharField(max_length=200)
    given_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["role", "permission"]
        constraints = [models.UniqueConstraint(fields=["role", "permission"], name="permission_given_once")]

    def __str__(self) -> str:
        return f"{self.role}: {self.permission}"


class NotedUser(User):
    """Who may sign in, and whether as staff or superuser."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = noted("username", unseen=_UNSEEN_OF_PEOPLE)


class NotedGroup(Group):
    """Which roles there are."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = noted("name")


class NotedUserRole(User.groups.through):  # type: ignore[name-defined,misc]
    """Who has which role: a change of the person."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = noted_part("role", Named("user_id", "auth_user", "username"), _ROLE)


class NotedUserPermission(User.user_permissions.through):  # type: ignore[name-defined,misc]
    """Who has which permission of his own: a change of the person."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = noted_part(
            "permission",
            Named("user_id", "auth_user", "username"),
            Named("permission_id", "auth_permission", _PERMISSION),
        )


class NotedRolePermission(Group.permissions.through):  # type: ignore[name-defined,misc]
    """What a role may do: a change of the role. What a migration gives stands in `Grant`, and is not noted here."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = noted_part(
            "permission",
            _ROLE,
            Named("permission_id", "auth_permission", _PERMISSION),
            unless="TG_OP = 'INSERT' AND EXISTS (SELECT FROM access_grant WHERE given_at >= transaction_timestamp()"
            " AND role = (SELECT name FROM auth_group WHERE id = whole) AND permission = becomes->>'permission')",
        )
