"""Encrypt every stored credential anew with the first of FIELD_ENCRYPTION_KEYS."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import transaction
from django.db.models import Model

from hub.sync.encryption import EncryptedJSONField, fernet
from hub.sync.models import StoredToken


class Command(BaseCommand):
    help = "Encrypt every stored credential anew with the first of FIELD_ENCRYPTION_KEYS. Old keys may go afterwards."

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            count = sum(_rotated(model) for model in apps.get_models() if not model._meta.proxy)
            tokens = list(StoredToken.objects.select_for_update())
            for token in tokens:
                token.token = fernet().rotate(token.token.encode()).decode()
            StoredToken.objects.bulk_update(tokens, ["token"])
        self.stdout.write(
            f"{count} rows with credentials and {len(tokens)} tokens are encrypted with the first key."
        )


def _rotated(model: type[Model]) -> int:
    """Rewrite the encrypted columns of a table; returns how many rows it has."""
    names = [field.attname for field in model._meta.fields if isinstance(field, EncryptedJSONField)]
    rows = list(model._default_manager.select_for_update()) if names else []
    for row in rows:
        row.save(update_fields=names)
    return len(rows)
