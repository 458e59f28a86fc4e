"""Every address, button and link of the back office, with rows that exist, as every role: found, not listed.

The table in docs/access.md says what each role may; here nobody gets further than that, whatever he sends, and nobody
is shown a door that is closed to him.
"""

from __future__ import annotations

import re
from contextlib import nullcontext
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.contrib import admin
from django.urls import reverse

from hub.access.roles import ADMIN, FINANCE, ORDER_DESK, ROLES, VIEWER
from hub.sync import review
from hub.sync.admin.reviews import SHOWN
from hub.sync.models import ReviewItem
from tests.access.pages import person, request_of, signed_in, undrawn
from tests.access.rows import fill, own_models
from tests.admin.rows import ask, make_orders, make_pair

pytestmark = pytest.mark.django_db

ROOMS = Path(__file__).resolve().parents[2]
# Where an address takes no row: what it takes instead.
WORDS = {"kind": "csv"}
# Every code by which something is asked, as it stands in the source.
CODES = sorted(
    {
        code
        for path in (
            ROOMS / "hub" / "errors.py",
            *(ROOMS / "orders").rglob("*.py"),
            *(ROOMS / "companies").rglob("*.py"),
        )
        for code in re.findall(r'\b(?:default_)?code ?= ?"([a-z_]+)"', path.read_text())
    }
)
# Of those that are no question of money one in eight: drawn each by each, their pages differ in nothing but the code.
SHOWN_ALONE = {*CODES[::8], *(code for code in CODES if code in review.MONEY_CODES)}
roles = pytest.mark.parametrize("role", ROLES)


class Doors(HTMLParser):
    """The links of a page, and its buttons as (address, action)."""

    def __init__(self, page):
        super().__init__()
        self.links, self.buttons, self.form = set(), set(), ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "a" and (given.get("href") or "").startswith("/admin/"):
            # Which filter's value, or which column's order, a link asks for makes no other door of it.
            self.links.add(given["href"].partition("?")[0])
        if tag == "form":
            self.form = given.get("action") or ""
        if tag == "button" and given.get("name") == "action":
            self.buttons.add((self.form, given["value"]))


def rows_of(model, most=3):
    return list(model._default_manager.order_by("pk")[:most])


def address(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def addresses(model, row):
    """Every address of a model's pages, as its page registers them."""
    found = []
    for pattern in admin.site._registry[model].get_urls():
        if pattern.name is None:
            # The old form of a row's address, which only leads to the new one.
            continue
        names = pattern.pattern.converters
        args = [WORDS.get(name, row.pk) for name in names]
        found.append(reverse(f"admin:{pattern.name}", args=args))
    return found


def everything():
    """What is stored, but for what sessions and pages note of themselves."""
    return {model: list(model._default_manager.order_by("pk").values()) for model in own_models()}


def may(user, model, *actions):
    app, name = model._meta.app_label, model._meta.model_name
    return any(user.has_perm(f"{app}.{action}_{name}") for action in actions)


def shown_of(row):
    return {f"{SHOWN}{row.pk}": row.fingerprint} if isinstance(row, ReviewItem) else {}


def test_there_is_a_row_of_every_kind():
    fill()

    empty = [model._meta.label for model in own_models() if not model._default_manager.exists()]

    assert empty == [], "tests/access/rows.py: make one, so that its pages are asked for"


@roles
def test_what_a_role_does_not_see_is_closed_at_every_address(role):
    fill()
    user = person(role)
    client = signed_in(user)
    before = everything()

    closed = [model for model in own_models() if not may(user, model, "view", "change")]
    with undrawn():
        for model in closed:
            for at in addresses(model, rows_of(model)[0]):
                answers = client.get(at).status_code, client.post(at, {"post": "yes"}).status_code
                assert set(answers) <= {403, 405}, (role, at)

    assert everything() == before


@roles
def test_what_a_role_may_not_do_stays_undone_at_every_address_and_with_every_button(role):
    fill()
    user = person(role)
    client = signed_in(user)
    before = everything()

    with undrawn():
        for model in own_models():
            page, rows = admin.site._registry[model], rows_of(model)
            offered = page.get_actions(request_of(user))
            for action in set(page.actions) | {"delete_selected"}:
                if action in offered:
                    continue
                for row in rows:
                    data = {"action": action, "_selected_action": [row.pk], "post": "yes", **shown_of(row)}
                    client.post(address(model, "changelist"), data)
            if not may(user, model, "add", "change", "delete"):
                for at in addresses(model, rows[0]):
                    client.post(at, {"post": "yes", "_save": "Save"})

    assert everything() == before


@roles
def test_no_page_shows_a_door_that_is_closed_to_its_reader(role):
    fill()
    user = person(role)
    client = signed_in(user)
    opened, links, buttons = set(), {reverse("admin:index")}, set()
    for model in own_models():
        if may(user, model, "view", "change"):
            for at in (
                address(model, "changelist"),
                *(address(model, "change", row.pk) for row in rows_of(model)),
            ):
                answer = client.get(at)
                assert answer.status_code == 200, at
                opened.add(at)
                doors = Doors(answer.content.decode())
                links |= doors.links
                buttons |= {(at, *button) for button in doors.buttons}

    # What stands behind the doors is drawn once.
    with nullcontext() if role == ADMIN else undrawn():
        behind = sorted(links - opened)
        refused = {at: code for at in behind if (code := client.get(at).status_code) >= 400}
    by_list = {
        address(model, "changelist"): admin.site._registry[model].get_actions(request_of(user))
        for model in own_models()
    }

    assert refused == {}
    assert [button for button in buttons if button[2] not in by_list[button[1] or button[0]]] == []
    assert bool(buttons) == (role != VIEWER)


class Decisions(HTMLParser):
    """The review items that a page offers to dismiss, by key."""

    def __init__(self, page):
        super().__init__()
        self.offered, self.item = set(), ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if given.get("name") == "_selected_action":
            self.item = int(given["value"])
        if (tag, given.get("name"), given.get("value")) == ("button", "action", "dismiss"):
            self.offered.add(self.item)


def dismissible(client, row):
    """The codes that the row's page offers to dismiss."""
    page = client.get(address(type(row), "change", row.pk))
    assert page.status_code == 200
    found = ReviewItem.objects.filter(pk__in=Decisions(page.content.decode()).offered)
    return set(found.values_list("code", flat=True))


@roles
def test_a_decision_is_offered_exactly_where_it_is_taken(role):
    store, erp = make_pair()
    # A page shows fifty questions.
    orders = make_orders(store, 4)
    asked = [ask(orders[n % 4], erp, code=code, record_id=n) for n, code in enumerate(CODES)]
    client = signed_in(person(role))

    at_the_orders = set.union(*(dismissible(client, order) for order in orders))
    at_the_items = set.union(*(dismissible(client, item) for item in asked if item.code in SHOWN_ALONE))
    shown = {key: words for item in asked for key, words in shown_of(item).items()}
    client.post(
        address(ReviewItem, "changelist"),
        {"action": "dismiss", "_selected_action": [item.pk for item in asked], **shown},
    )

    decided = set(ReviewItem.objects.filter(state="decided").values_list("code", flat=True))
    assert decided == {
        code
        for code in CODES
        if role in (ADMIN, ORDER_DESK) or (role == FINANCE and code in review.MONEY_CODES)
    }
    assert (at_the_orders, at_the_items) == (decided, decided & SHOWN_ALONE)


def test_codes_are_found_in_the_source():
    assert set(CODES) > review.MONEY_CODES
    assert len(CODES) > 10
    assert len(SHOWN_ALONE - review.MONEY_CODES) > 5
