"""Asks every page of the back office as every role, and words the answers as a table of Markdown."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from django.template import Origin, engines
from django.template.loaders.base import Loader
from django.test import Client
from django.urls import NoReverseMatch, reverse

from hub.access.roles import ROLES

NOBODY = "0"
"""The number of a row that does not exist: permissions are asked for before it is looked for."""


class Blank(Loader):
    """Every template, with nothing in it."""

    def get_template_sources(self, template_name):
        yield Origin(template_name, template_name, self)

    def get_contents(self, origin):
        return ""


@contextmanager
def undrawn():
    """Where it matters who gets a page and not what stands on it: to draw it takes most of the time."""
    engine = engines["django"].engine
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "template_loaders", [Blank(engine)])
        yield


def person(role):
    """Somebody of the staff with this role alone."""
    user = User.objects.create_user(role.lower().replace(" ", "-"), is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def pages():
    """Every registered page, by app and model."""
    return sorted(admin.site._registry.items(), key=lambda pair: pair[0]._meta.label_lower)


def request_of(user):
    request = HttpRequest()
    request.user = user
    return request


def table():
    """The whole table; each line one page, each column one role."""
    people = {role: person(role) for role in ROLES}
    clients = {role: signed_in(user) for role, user in people.items()}
    head = ["page", *ROLES]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for model, page in pages():
        cells = [_cell(page, clients[role], people[role]) for role in ROLES]
        lines.append(f"| `{model._meta.label_lower}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(page, client, user):
    rights = [right for right, ask in _ASKED.items() if ask(client, page)]
    actions = page.get_actions(request_of(user))
    buttons = [str(actions[name][2]) for name in actions if name != "delete_selected"]
    if "see" not in rights:
        assert (rights, client.get(_address(page, "change", NOBODY)).status_code) == ([], 403)
        return "–"
    return ", ".join([*rights, *(f"“{button}”" for button in buttons)])


def _address(page, name, *args):
    return reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_{name}", args=args)


def _is_open(answer):
    """Whether the page answered; a redirect to the list is the answer where the row does not exist."""
    assert answer.status_code in (200, 302, 403, 404), answer
    return answer.status_code != 403


def _import(client, page):
    try:
        address = _address(page, "import")
    except NoReverseMatch:
        return False
    return _is_open(client.get(address))


_ASKED = {
    "see": lambda client, page: _is_open(client.get(_address(page, "changelist"))),
    "add": lambda client, page: _is_open(client.get(_address(page, "add"))),
    "change": lambda client, page: _is_open(client.post(_address(page, "change", NOBODY), {})),
    "delete": lambda client, page: _is_open(client.get(_address(page, "delete", NOBODY))),
    "import": _import,
}
