"""A person adds a connection and tests it."""

from __future__ import annotations

from playwright.sync_api import expect

from hub.demo.world import SECRET
from hub.sync.models import Connection
from tests.browser.conftest import follow


def fill_in(page, store):
    page.get_by_label("Name", exact=False).first.fill("Second store")
    page.locator("#id_code").fill("TWO")
    page.get_by_label("Time zone").select_option("Europe/Paris")
    page.get_by_label("Shop domain").fill(store.config["shop_domain"])
    page.get_by_label("API address").fill(store.config["api_base_url"])
    page.get_by_label("Client id").fill(store.config["client_id"])


def test_a_store_is_added_its_test_names_what_to_do_and_ends_green_when_that_is_done(page, hub):
    follow(page, "Stores")
    page.get_by_title("Add store").click()
    fill_in(page, hub.euro)
    page.locator("#id_setting_client_secret").fill("not the secret")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Second store is added. Press Test connection")).to_be_visible()

    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_role("heading", name="Something must be mended before it works.")).to_be_visible()
    expect(page.get_by_role("cell", name="not ok").first).to_be_visible()
    expect(page.get_by_role("cell", name="Client secret", exact=False).first).to_be_visible()

    page.get_by_role("link", name="Back to Second store").click()
    page.locator("#id_setting_client_secret").fill(SECRET)
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_role("heading", name="Everything works.")).to_be_visible()
    expect(page.get_by_role("cell", name="not ok")).to_have_count(0)

    added = Connection.objects.get(code="TWO")
    assert (added.name, added.time_zone, added.secrets["client_secret"]) == (
        "Second store",
        "Europe/Paris",
        SECRET,
    )
