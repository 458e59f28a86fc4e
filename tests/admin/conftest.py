"""People at the back office, and the sandbox as the far side where one is needed."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from tests.sandbox_fixtures import hub, make_hub, sandbox_server, shared_database

__all__ = ["hub", "make_hub", "sandbox_server", "shared_database"]


@pytest.fixture
def signed_in():
    """A browser in which somebody with these permissions is signed in; without any named, an administrator."""

    def sign_in(*codenames, name="kim"):
        user = User.objects.create_user(
            name, password="irrelevant", is_staff=True, is_superuser=not codenames
        )
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def pages(signed_in):
    """An administrator's browser."""
    return signed_in()


def press(client, model, action, *keys, opened=None, **fields):
    """Press a button on the list, or on the page that was `opened` before; answers with the page that follows."""
    address = reverse(f"admin:{model}_changelist")
    page = opened or client.get(address)
    shown = dict(re.findall(r'name="(shown-\d+)" value="(\w+)"', page.content.decode()))
    data = {"action": action, "_selected_action": keys, **shown, **fields}
    return client.post(address, data, follow=True)


def told(answer):
    """What the page says to the person, in one text."""
    return " ".join(str(message) for message in answer.context["messages"])
