"""Failed sign-ins: counted by name and address together, then nobody gets in that way for a while."""

from __future__ import annotations

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from hub.access.sign_in import client_address

pytestmark = pytest.mark.django_db

PASSWORD = "a long and good one"
HERE, THERE = "203.0.113.7", "203.0.113.8"


@pytest.fixture(autouse=True)
def _person():
    AccessAttempt.objects.all().delete()
    User.objects.create_superuser("kim", "", PASSWORD)
    User.objects.create_superuser("sam", "", PASSWORD)


def sign_in(password=PASSWORD, name="kim", address=HERE):
    return Client(REMOTE_ADDR=address).post(
        reverse("admin:login"), {"username": name, "password": password, "next": "/admin/"}
    )


def lock():
    return [sign_in("wrong").status_code for _ in range(5)]


def test_five_failures_lock_this_name_at_this_address():
    assert lock() == [200, 200, 200, 200, 429]

    answer = sign_in()

    assert answer.status_code == 429
    assert "Too many attempts" in answer.content.decode()
    assert "15 minutes" in answer.content.decode()


def test_other_names_and_other_addresses_are_not_locked():
    lock()

    assert sign_in(name="sam").status_code == 302
    assert sign_in(address=THERE).status_code == 302


def test_attempts_that_count_no_more_are_deleted_when_anybody_signs_in():
    sign_in("wrong", name="nobody", address=THERE)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))

    sign_in()

    assert not AccessAttempt.objects.exists()


def test_it_opens_again_by_itself_though_somebody_kept_knocking():
    lock()
    sign_in("wrong")
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))

    assert sign_in().status_code == 302


def test_a_good_sign_in_forgets_the_failures_before_it():
    for _ in range(4):
        sign_in("wrong")
    sign_in()

    assert sign_in("wrong").status_code == 200
    assert AccessAttempt.objects.get().failures_since_start == 1


def test_an_admin_lets_a_person_in_by_deleting_the_attempt():
    lock()
    client = Client()
    client.force_login(User.objects.get(username="sam"))
    attempt = AccessAttempt.objects.get()

    client.post(reverse("admin:axes_accessattempt_delete", args=[attempt.pk]), {"post": "yes"})

    assert sign_in().status_code == 302


def test_no_password_is_kept_with_an_attempt():
    sign_in("my other password")

    row = AccessAttempt.objects.values().get()
    assert "my other password" not in str(row)


def test_a_session_ends_after_a_working_day():
    answer = sign_in()

    assert answer.cookies["sessionid"]["max-age"] == 12 * 3600


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, None, "10.0.0.1"),
        (0, "198.51.100.1", "10.0.0.1"),
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        (2, "6.6.6.6, 198.51.100.1, 10.0.0.9", "198.51.100.1"),
        (2, "198.51.100.1", "10.0.0.1"),
        (1, "not an address", "10.0.0.1"),
        (1, "", "10.0.0.1"),
        (1, "2001:db8::1", "2001:db8::1"),
    ],
)
def test_the_address_is_what_our_own_proxies_saw(settings, proxies, forwarded, address):
    settings.TRUSTED_PROXIES = proxies
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}

    request = RequestFactory(REMOTE_ADDR="10.0.0.1").post("/", headers=headers)

    assert client_address(request) == address
