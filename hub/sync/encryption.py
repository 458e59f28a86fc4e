"""Encrypted columns: MultiFernet over FIELD_ENCRYPTION_KEYS. The first key encrypts, every key decrypts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


@cache
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def fernet() -> MultiFernet:
    """The cipher of the configured keys; raises ImproperlyConfigured when there is none."""
    keys = tuple(settings.FIELD_ENCRYPTION_KEYS)
    if not keys:
        raise ImproperlyConfigured(
            "FIELD_ENCRYPTION_KEYS is empty: set at least one Fernet key to store credentials."
        )
    return _fernet(keys)


def derived_secrets(purpose: str, name: str) -> tuple[str, ...]:
    """A secret of ours for a purpose and a name, as URL-safe text of 43 characters: by the first key, then by the
    older ones, so that what was given out before a rotation is known until its key leaves the list.
    """
    made = (
        hmac.new(key.encode(), f"{purpose}\0{name}".encode(), hashlib.sha256).digest()
        for key in settings.FIELD_ENCRYPTION_KEYS
    )
    return tuple(base64.urlsafe_b64encode(secret).rstrip(b"=").decode() for secret in made)


if TYPE_CHECKING:
    _Text = models.TextField[dict[str, str], dict[str, str]]
else:
    _Text = models.TextField


class EncryptedJSONField(_Text):
    """A dict of text values, stored as one Fernet token. Cannot be searched; `rotate_keys` re-encrypts it."""

    def get_prep_value(self, value: Any) -> str:
        return fernet().encrypt(json.dumps(value or {}, sort_keys=True).encode()).decode()

    def from_db_value(self, value: str | None, *_: object) -> dict[str, str]:
        if not value:
            return {}
        try:
            found: dict[str, str] = json.loads(fernet().decrypt(value.encode()))
        except InvalidToken as error:
            raise ImproperlyConfigured(
                "Stored credentials cannot be decrypted: none of FIELD_ENCRYPTION_KEYS fits. "
                "Put the key that encrypted them back into the list (last is fine), then run `manage.py rotate_keys`."
            ) from error
        return found

    def to_python(self, value: Any) -> Any:
        return value
