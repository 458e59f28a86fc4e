"""The main pages for everybody: axe finds nothing, nothing is cut off, and foreign script does not run."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Error, expect

from hub.sync.models import ReviewItem
from screenshots.pages import pictures
from screenshots.scene import Scene

# (rule, what it names): exactly these, each with its reason.
EXCUSED = {
    # Swagger UI writes the head of a group as h3 below its h1; the markup is made by its script.
    ("heading-order", "#operations-tag-Flows"): "Swagger UI",
    # Swagger UI puts the title of the description beside its main landmark.
    ("region", ".information-container"): "Swagger UI",
}


def violations(page):
    """What axe finds on the page, except for what is excused."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        (violation["id"], *node["target"], node["html"][:200])
        for violation in found
        for node in violation["nodes"]
        if (violation["id"], *node["target"]) not in EXCUSED
    ]


def width_beyond_the_screen(page):
    return page.evaluate("document.documentElement.scrollWidth - window.innerWidth")


@pytest.fixture
def scene(hub, kim):
    """An order in the ERP, and one that a person must decide about, with an empty mapping row."""
    sent = hub.place(po_number="PO-1")
    hub.work_through()
    held = hub.place(
        po_number="PO-1", lines=[{"sku": "NEW-1", "title": "New", "quantity": 1, "price": "4.00"}]
    )
    hub.place(po_number="PO-2", lines=[{"sku": "NEW-1", "title": "New", "quantity": 1, "price": "4.00"}])
    hub.pull()
    item = ReviewItem.objects.get(state="open", code="possible_duplicate")
    return Scene(
        store=hub.euro.pk,
        order=hub.order(sent).pk,
        held_order=hub.order(held).pk,
        question=item.pk,
        user=kim,
    )


def opened(page, scene):
    """The name of each main page, once it stands open."""
    for one in pictures(scene):
        if one.is_on_phone:
            continue
        # One row is like the others, and axe looks at each.
        page.goto(one.address + "?filled=no" * (one.name == "mappings"))
        if one.press:
            page.get_by_role("button", name=one.press).click()
            page.wait_for_url(f"**{one.form}")
        page.wait_for_load_state("networkidle")
        # On a busy machine Swagger UI rests between what it loads and what it draws.
        page.get_by_role("heading", level=1).first.wait_for()
        yield one.name


def test_axe_finds_nothing_on_the_main_pages_and_none_is_wider_than_the_screen(page, scene):
    found = {name: (violations(page), max(width_beyond_the_screen(page), 0)) for name in opened(page, scene)}

    assert {name: what for name, what in found.items() if what != ([], 0)} == {}


def test_axe_finds_nothing_on_the_main_pages_in_the_dark(dark_page, scene):
    found, light = {}, set()
    for name in opened(dark_page, scene):
        if not dark_page.evaluate("document.documentElement.classList.contains('dark')"):
            light.add(name)
        found[name] = violations(dark_page)

    assert {name: what for name, what in found.items() if what} == {}
    # Swagger UI has no dark theme here.
    assert light == {"api"}


def test_axe_finds_nothing_in_the_dark_where_something_is_wrong_or_unfolded(dark_page, scene):
    page, found = dark_page, {}
    page.goto(reverse("admin:orders_orderfieldmapping_add"))
    page.locator("input[name=key]").fill("Cost center")
    page.evaluate("document.querySelector('#orderfieldmapping_form').noValidate = true")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("This field is required.").first).to_be_visible()
    found["errors"] = violations(page)
    for name, address in (
        ("changes", reverse("admin:sync_change_changelist")),
        ("order", reverse("admin:orders_storeorder_change", args=[scene.held_order])),
        ("review", reverse("admin:sync_reviewitem_change", args=[scene.question])),
    ):
        page.goto(address)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        found[name] = violations(page)

    assert {name: what for name, what in found.items() if what} == {}


def test_kim_signs_in_and_axe_finds_nothing_there_either(strangers_page):
    page = strangers_page
    page.goto("/admin/")
    assert violations(page) == []

    page.get_by_label("Username").fill("kim")
    page.get_by_label("Password").fill("a long password of kim")
    page.get_by_role("button", name="Log in").click()

    expect(page.get_by_role("heading", name="What waits for people")).to_be_visible()


def test_a_script_that_came_with_somebodys_text_does_not_run(browser, server, kim):
    from screenshots.browser import DESKTOP, window

    with window(browser, server.url, DESKTOP) as (page, watch):
        page.goto(reverse("admin:login"))
        with pytest.raises(Error, match="Content Security Policy"):
            page.add_script_tag(content="window.ran = true")

        assert page.evaluate("window.ran") is None
        assert [fault for fault in watch.faults() if "Content Security Policy" not in fault] == []
        assert watch.faults()
