"""A person of the order desk, who reads pages as Django writes them."""

from __future__ import annotations

import httpx

from hub.demo.desk import INSPECTIONS, Desk

LOGIN = '<input type="hidden" name="csrfmiddlewaretoken" value="t0ken">'
# What the page after a change begins with, whatever was searched for.
CHANGED = (
    f'<li class="success">The inspected line “<a href="{INSPECTIONS}1/change/">SHE-003</a>” was changed.</li>'
)
FOUND = f'<a href="{INSPECTIONS}2/change/?_changelist_filters=q%3D%25231015-R1">TAB-001</a>'


def desk(monkeypatch, page):
    """Signed in where the list of inspections is this page; `posted` are the addresses of what was entered."""
    posted = []

    def answer(request):
        if request.method == "POST":
            posted.append(request.url.path)
            return httpx.Response(302)
        return httpx.Response(200, text=page if request.url.path == INSPECTIONS else LOGIN)

    client = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://desk")
    monkeypatch.setattr(httpx, "Client", lambda **_: client)
    return Desk("http://desk", "ada", "a password"), posted


def test_a_row_that_was_changed_before_is_not_taken_for_one_that_was_found(monkeypatch):
    person, posted = desk(monkeypatch, CHANGED)

    assert not person.count("#1015-R1", restocked=1)
    assert posted == ["/admin/login/"]


def test_counts_in_the_row_that_was_found(monkeypatch):
    person, posted = desk(monkeypatch, CHANGED + FOUND)

    assert person.count("#1015-R1", restocked=1)
    assert posted[1:] == [f"{INSPECTIONS}2/change/"]
