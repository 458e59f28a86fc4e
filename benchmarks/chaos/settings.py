"""The hub's settings with a database engine that can end its own process at a commit, and short leases."""

from __future__ import annotations

import environ

from hub.settings import *  # noqa: F403
from hub.settings import DATABASES as _DATABASES
from hub.settings import STORAGES as _STORAGES
from hub.settings import _database, _options

CHAOS_ENGINE = _DATABASES["default"]["ENGINE"]
# The same for every process of a run: above the call deadline, far below a stopped worker's sleep.
LEASE_SECONDS = environ.Env().float("CHAOS_LEASE_SECONDS", default=12.0)
DATABASES = {
    "default": _DATABASES["default"]
    | {"ENGINE": "benchmarks.chaos.engine", "OPTIONS": _options(_database(), LEASE_SECONDS)}
}
# As for the lease: a run has no hour.
LOOKED_AT_AGAIN_SECONDS = environ.Env().float("CHAOS_LOOKED_AT_AGAIN_SECONDS", default=3600.0)
# Nobody looks at the pages of a run: their files are not collected.
STORAGES = _STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
