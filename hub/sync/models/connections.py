"""Configured accounts on either side, with encrypted credentials."""

from __future__ import annotations

import uuid
import zoneinfo
from functools import cache
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models.functions import Now

from hub.connectors.registry import CONNECTORS, connector_class
from hub.sync import governor
from hub.sync.encryption import EncryptedJSONField
from hub.sync.tracking import noted


def system_choices() -> list[tuple[str, str]]:
    """Every registered connector; a callable, so that adding one makes no migration."""
    return [(key, label) for key, (_, label, _) in CONNECTORS.items()]


@cache
def time_zones() -> tuple[str, ...]:
    """Every IANA name, sorted; read once, because it takes ten milliseconds to look through the system's files."""
    return tuple(sorted(zoneinfo.available_timezones()))


def check_time_zone(value: str) -> None:
    """Raises ValidationError for a name that is no IANA time zone."""
    if value not in time_zones():
        raise ValidationError(f"{value!r} is no time zone; use an IANA name such as Europe/Berlin.")


# Not decisions of people, or nobody's to read. Secrets are encrypted anew each time, so that even "changed" would lie.
_UNSEEN = ("secrets", "credential", "paused_at", "pause_reason", "public_id", "created_at", "changed_at")


class Connection(models.Model):
    """A configured account in a store platform or an ERP."""

    class Side(models.TextChoices):
        STORE = "store", "Store"
        ERP = "erp", "ERP"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    side = models.CharField(max_length=5, choices=Side.choices, editable=False)
    system = models.CharField(max_length=40, choices=system_choices)
    name = models.CharField(max_length=80, unique=True)
    code = models.CharField(
        max_length=4,
        unique=True,
        validators=[RegexValidator(r"^[A-Z0-9]{1,4}$", "Use 1 to 4 of A-Z and 0-9.")],
        help_text="Short and permanent: it is part of the reference that every document carries into the ERP.",
    )
    config = models.JSONField(default=dict, blank=True)
    secrets = EncryptedJSONField(default=dict, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[check_time_zone])
    is_enabled = models.BooleanField(default=True, help_text="Off: nothing is read and nothing is sent.")
    may_write = models.BooleanField(default=True, help_text="Off: it is read, but nothing is written to it.")
    paused_at = models.DateTimeField(null=True, blank=True, editable=False)
    pause_reason = models.TextField(blank=True, editable=False)
    credential = models.CharField(max_length=250, db_index=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["side", "name"]
        triggers = noted("name", unseen=_UNSEEN, only_keys_of=["config"])

    def __str__(self) -> str:
        return self.name

    def save(self, *args: object, **kwargs: object) -> None:
        self.side = CONNECTORS[self.system][0]
        kind = connector_class(self.system)
        self.credential = f"{self.system}:{kind.credential_name(self.config)}"[:250]
        with transaction.atomic():
            super().save(*args, **kwargs)  # type: ignore[arg-type]
            governor.declare(self.credential, kind.limits(self.config))

    @property
    def is_running(self) -> bool:
        """Whether its tasks may be claimed now."""
        return self.is_enabled and self.paused_at is None


class StoreManager(models.Manager["Store"]):
    def get_queryset(self) -> models.QuerySet[Store]:
        return super().get_queryset().filter(side=Connection.Side.STORE)


class ErpManager(models.Manager["Erp"]):
    def get_queryset(self) -> models.QuerySet[Erp]:
        return super().get_queryset().filter(side=Connection.Side.ERP)


class Store(Connection):
    """A connection on the store side."""

    objects: ClassVar[StoreManager] = StoreManager()

    class Meta:
        proxy = True


class Erp(Connection):
    """A connection on the ERP side."""

    objects: ClassVar[ErpManager] = ErpManager()

    class Meta:
        proxy = True
        verbose_name = "ERP"
