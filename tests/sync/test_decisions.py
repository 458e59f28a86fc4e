"""Who may decide, in the back office."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import RequestFactory

from hub.sync.models import ReviewItem, SyncTask

pytestmark = pytest.mark.django_db


def person(*permissions):
    user = get_user_model().objects.create(username="-".join(permissions) or "nobody", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return get_user_model().objects.get(pk=user.pk)


@pytest.mark.parametrize(
    ("model", "permission", "actions"),
    [
        (ReviewItem, "reviewitem", {"try_again", "approve", "dismiss"}),
        (SyncTask, "synctask", {"try_again"}),
    ],
)
def test_who_may_only_look_decides_nothing(model, permission, actions):
    request = RequestFactory().get("/")
    page = admin.site.get_model_admin(model)

    request.user = person(f"view_{permission}")
    assert not actions & set(page.get_actions(request))

    request.user = person(f"view_{permission}", f"change_{permission}")
    assert actions <= set(page.get_actions(request))
