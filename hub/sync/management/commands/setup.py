"""`manage.py setup`: everything between an installed clone and a running one. Safe to repeat."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Start the database, migrate, make the first administrator, collect static files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--admin-password", default="", help="for the first administrator; default: a random one"
        )

    def handle(self, *args: object, **options: object) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        self.stdout.write(
            first_administrator(str(options["admin_password"])) or "Ready; the administrator is there."
        )


def first_administrator(password: str) -> str:
    """Make the user `admin` unless there is an administrator; says the password, which is kept nowhere."""
    users = get_user_model().objects
    if users.filter(is_superuser=True).exists():
        return ""
    password = password or secrets.token_urlsafe(12)
    users.create_superuser("admin", email="", password=password)
    return f"Administrator: admin   password: {password}   (shown once; `changepassword admin` sets another)"
