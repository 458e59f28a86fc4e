"""Make, renew and recognise API keys.

A key is `concord_<prefix>_<secret>`. The secret is 256 random bits, so that it cannot be guessed however fast the hash
is: a slow password hash would only cost every request its time. The hash is keyed (HMAC-SHA-256 under a key made from
FIELD_ENCRYPTION_KEYS): who can write to the database alone cannot put a key of his own there, and who reads it learns
nothing that opens the API. The first encryption key hashes, every one is tried; a key that is used is hashed again
with the first, so that encryption keys can be exchanged while partners go on.

A key that is renewed keeps its prefix, which is who it is, and has two secrets for a while: the new one and the one
before.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q

from hub.api.models import ApiKey

_KEY = re.compile(r"concord_([a-z0-9]{8})_([A-Za-z0-9_-]{43})", re.ASCII)
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
NOTED_EVERY = timedelta(minutes=1)
# The hash of each secret that a key may have, and when that secret was used last.
_USED_AT = {"digest": "last_used_at", "old_digest": "old_used_at"}


class UnknownKey(Exception):
    """Nobody's key; the message is for whoever sent it."""


def issue(key: ApiKey) -> str:
    """Give the key a prefix and a secret, not saved yet; returns the whole key, which nobody can show again."""
    key.prefix = "".join(secrets.choice(_LETTERS) for _ in range(8))
    return _with_secret(key)


def renew(key: ApiKey, grace: timedelta, now: datetime) -> str:
    """Give the key another secret, not saved yet; returns the whole key, which nobody can show again.

    The secret that it has opens for as long as `grace`; one that it had before that ends now.
    """
    key.old_digest, key.old_used_at, key.old_ends_at = key.digest, key.last_used_at, now + grace
    key.renewed_at, key.last_used_at = now, None
    return _with_secret(key)


def _with_secret(key: ApiKey) -> str:
    secret = secrets.token_urlsafe(32)
    key.digest = _digest(secret, settings.FIELD_ENCRYPTION_KEYS[0])
    return f"concord_{key.prefix}_{secret}"


def recognise(text: str) -> ApiKey:
    """The key that this text is, with the keys of its connections in `connection_ids`; notes its use.

    Raises UnknownKey for one that is not known, expired or revoked.
    """
    match = _KEY.fullmatch(text)
    if match is None:
        raise UnknownKey("This is no key of ours: they look like concord_….")
    prefix, secret = match.groups()
    key = _with_prefix(prefix)
    digests = [_digest(secret, under) for under in settings.FIELD_ENCRYPTION_KEYS]
    # An unknown prefix costs the same work as a known one.
    fits = {
        column: [hmac.compare_digest(digest, getattr(key, column, "")) for digest in digests]
        for column in _USED_AT
    }
    column = next((column for column, found in fits.items() if any(found)), "")
    if key is None or not column:
        raise UnknownKey("This key is not known.")
    now = datetime.now(UTC)
    if refusal := key.why_refused(now) or (key.why_old_refused(now) if column == "old_digest" else ""):
        raise UnknownKey(refusal)
    _note_use(key, column, now, "" if fits[column][0] else digests[0])
    return key


def _with_prefix(prefix: str) -> ApiKey | None:
    ids = ArrayAgg("connections", filter=Q(connections__isnull=False), default=[])
    return ApiKey.objects.annotate(connection_ids=ids).filter(prefix=prefix).first()


def _digest(secret: str, under: str) -> str:
    own_key = hashlib.sha256(b"concord api key\0" + under.encode()).digest()
    return hmac.new(own_key, secret.encode(), hashlib.sha256).hexdigest()


def _note_use(key: ApiKey, column: str, now: datetime, new_digest: str) -> None:
    """At most one write a minute, however often it is used and by how many at once. `column` has the secret's hash."""
    used_at = _USED_AT[column]
    last = getattr(key, used_at)
    if not new_digest and last is not None and now - last < NOTED_EVERY:
        return
    unnoted = Q(**{used_at: None}) | Q(**{f"{used_at}__lte": now - NOTED_EVERY})
    same = ApiKey.objects.filter(pk=key.pk, **{column: getattr(key, column)})
    if new_digest:
        same.update(**{used_at: now, column: new_digest})
    else:
        same.filter(unnoted).update(**{used_at: now})
