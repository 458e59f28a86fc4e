"""Encrypt every stored credential anew with the first of FIELD_ENCRYPTION_KEYS."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from hub.sync.encryption import fernet
from hub.sync.models import Connection, StoredToken


class Command(BaseCommand):
    help = "Encrypt every stored credential anew with the first of FIELD_ENCRYPTION_KEYS. Old keys may go afterwards."

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            connections = list(Connection.objects.select_for_update())
            for connection in connections:
                connection.save(update_fields=["secrets"])
            tokens = list(StoredToken.objects.select_for_update())
            for token in tokens:
                token.token = fernet().rotate(token.token.encode()).decode()
            StoredToken.objects.bulk_update(tokens, ["token"])
        self.stdout.write(
            f"{len(connections)} connections and {len(tokens)} tokens are encrypted with the first key."
        )
