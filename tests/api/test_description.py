"""The description of the API is whole, true, and read without asking any other machine."""

from __future__ import annotations

import re

import jsonschema
import pytest
from django.contrib.auth import get_user_model
from django.contrib.staticfiles import finders
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator

from hub.urls import api

ANY_ADDRESS = re.compile(r"""(?:src|href)=["']([^"']+)["']""")


@pytest.fixture(scope="module")
def description():
    return SchemaGenerator().get_schema(request=None, public=True)


@pytest.fixture
def staff(client, db):
    client.force_login(get_user_model().objects.create_user("kim", is_staff=True))
    return client


def test_the_description_is_made_without_a_warning(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "openapi.yaml"))

    assert (tmp_path / "openapi.yaml").stat().st_size > 10_000


def test_every_address_is_described_with_its_problems(description):
    described = {path.removeprefix("/api/v1/") for path in description["paths"]}
    scoped = {
        str(p.pattern).replace("<str:", "{").replace(">", "}")
        for p in api
        if getattr(p.callback.view_class, "scope", None)
    }

    assert described == scoped
    for path, methods in description["paths"].items():
        [(method, operation)] = methods.items()
        responses = operation["responses"]
        expected = {"200", "400", "401", "403", "406", "429", "500", "503"} | (
            {"404"} if "{" in path or method == "post" else set()
        )
        expected |= {"409", "415", "422"} if method == "post" else set()
        assert method in ("get", "post")
        assert set(responses) == expected
        for code, response in responses.items():
            assert set(response["content"]) == {
                "application/json" if code == "200" else "application/problem+json"
            }


def test_every_example_has_the_shape_that_is_described(description):
    checked = 0
    for methods in description["paths"].values():
        for response in (one for operation in methods.values() for one in operation["responses"].values()):
            for content in response["content"].values():
                for example in content.get("examples", {}).values():
                    schema = {**content["schema"], "components": description["components"]}
                    jsonschema.Draft202012Validator(schema).validate(example["value"])
                    checked += 1

    assert checked > 50


def test_staff_and_every_key_read_the_description(world, staff):
    by_staff = staff.get("/api/v1/openapi.json")
    by_key = world.get("openapi.json", world.key("health:read"))

    assert by_staff.status_code == by_key.status_code == 200
    assert by_key.json()["openapi"] == "3.1.0"


def test_strangers_do_not_read_the_description(client, world):
    client.force_login(get_user_model().objects.create_user("guest"))

    assert client.get("/api/v1/openapi.json").status_code in (401, 403)
    assert world.get("openapi.json").status_code == 401


def test_a_session_opens_no_data(world, staff):
    assert staff.get("/api/v1/orders").status_code == 401


def test_swagger_asks_nobody_else(staff):
    page = staff.get("/api/v1/docs")
    script = staff.get("/api/v1/docs?script=")

    addresses = ANY_ADDRESS.findall(page.content.decode())
    assert len(addresses) == 6
    assert [address for address in addresses if not address.startswith("/")] == []
    for address in addresses:
        if address.startswith("/static/"):
            assert finders.find(address.removeprefix("/static/")) is not None
    assert '"validatorUrl": null' in script.content.decode()
    assert "/api/v1/openapi.json" in script.content.decode()


def test_strangers_are_asked_to_sign_in_before_swagger(client, db):
    response = client.get("/api/v1/docs")

    assert response.status_code == 302
    assert response.headers["Location"] == "/admin/login/?next=/api/v1/docs"
