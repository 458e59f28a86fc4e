"""What a page may load and run."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff():
    client = Client()
    client.force_login(User.objects.create_superuser("kim", "", None))
    return client


def policy(answer):
    parts = answer.headers["Content-Security-Policy"].split(";")
    return {words[0]: words[1:] for part in parts if (words := part.split())}


def test_pages_of_the_back_office_load_from_here_alone_and_stand_in_no_frame(staff):
    for address in ("/admin/", "/admin/login/", "/admin/orders/storeorder/", "/admin/nowhere/"):
        found = policy(staff.get(address))

        assert found["default-src"] == found["frame-ancestors"] == found["base-uri"] == ["'none'"]
        assert found["script-src"] == ["'self'", "'unsafe-eval'"]
        assert found["form-action"] == found["connect-src"] == found["font-src"] == ["'self'"]


def test_the_description_of_the_api_computes_no_script(staff):
    found = policy(staff.get("/api/v1/docs"))

    assert found["script-src"] == ["'self'"]


def test_answers_that_are_no_pages_load_nothing(staff):
    for address in ("/api/v1/openapi.json", "/api/v1/orders", "/healthz"):
        found = policy(staff.get(address))

        assert found["default-src"] == found["form-action"] == ["'none'"]
