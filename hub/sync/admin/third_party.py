"""Pages of packages that bring their own admin, in the house's style and no more powerful than needed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django_q.models import Failure, OrmQ, Success
from django_q.models import Schedule as QueueSchedule
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from hub.sync.admin.bases import PlainAdmin, ReadOnlyAdmin

for model in (User, Group, Failure, OrmQ, Success, QueueSchedule):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User], PlainAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "first_name", "last_name", "email", "is_active", "is_superuser", "last_login")


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, PlainAdmin):
    """Roles."""


class QueueAdmin(ReadOnlyAdmin):
    """django-q2 only starts drains; its rows say when. What must be done stands in our own tasks."""

    def get_readonly_fields(self, request: Any, obj: Any = None) -> tuple[str, ...]:
        """Arguments and results are pickles of django-q2: they are not shown."""
        return tuple(
            field.name
            for field in self.opts.fields
            if field.name not in ("args", "kwargs", "result", "payload")
        )

    def get_fields(self, request: Any, obj: Any = None) -> tuple[str, ...]:
        return self.get_readonly_fields(request, obj)


@admin.register(Failure)
class FailureAdmin(QueueAdmin):
    list_display = ("name", "func", "started", "stopped", "attempt_count")


@admin.register(Success)
class SuccessAdmin(QueueAdmin):
    list_display = ("name", "func", "started", "stopped")


@admin.register(QueueSchedule)
class QueueScheduleAdmin(QueueAdmin):
    list_display = ("name", "func", "schedule_type", "next_run")


@admin.register(OrmQ)
class OrmQAdmin(QueueAdmin):
    list_display = ("id", "key", "lock")
