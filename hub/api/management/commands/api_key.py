"""`manage.py api_key`: make a key for a partner system. The key goes to the output and nowhere else."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from hub.api import keys
from hub.api.models import ApiKey, Scope
from hub.sync.models import Connection


class Command(BaseCommand):
    help = "Make an API key and print it, once. What it may do is changed, and it is revoked, in the admin."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="which system of which partner uses it")
        parser.add_argument(
            "--scopes", nargs="+", required=True, choices=Scope.values, help="what it may read"
        )
        sees = parser.add_mutually_exclusive_group(required=True)
        sees.add_argument("--connections", nargs="+", default=[], help="codes of the connections it sees")
        sees.add_argument("--all-connections", action="store_true", help="also those that are added later")
        parser.add_argument("--days", type=int, help="expires after so many days; default: never")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["days"] is not None and not 0 < options["days"] <= 36_500:
            raise CommandError("--days: choose a number from 1 to 36500.")
        seen = _connections(options["connections"])
        key = ApiKey(
            name=options["name"],
            scopes=list(dict.fromkeys(options["scopes"])),
            sees_all_connections=options["all_connections"],
            expires_at=_end(options["days"]),
        )
        # Nothing else on this stream, so that a script can take it: key=$(manage.py api_key …).
        self.stdout.write(_saved(key, seen))
        self.stderr.write(f"{key} is made. The key is shown this once; it is revoked in the admin.")


def _end(days: int | None) -> datetime | None:
    return None if days is None else datetime.now(UTC) + timedelta(days=days)


def _connections(codes: list[str]) -> list[Connection]:
    found = list(Connection.objects.filter(code__in=codes))
    if missing := sorted(set(codes) - {connection.code for connection in found}):
        known = ", ".join(Connection.objects.order_by("code").values_list("code", flat=True)) or "none yet"
        raise CommandError(f"There is no connection with the code {missing[0]}. Known are: {known}.")
    return found


def _saved(key: ApiKey, seen: list[Connection]) -> str:
    """The key as its partner sends it."""
    secret = keys.issue(key)
    try:
        key.full_clean(exclude=["prefix", "digest"])
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from error
    with transaction.atomic():
        key.save()
        key.connections.set(seen)
    return secret
