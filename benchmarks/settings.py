"""The project's settings, on the benchmarks' own database and with the view that ingest is compared to."""

from __future__ import annotations

import os

from hub.settings import *  # noqa: F403 - every setting but those below is the project's
from hub.settings import DATABASES

# One name for this process and those it starts; several runs may share one server.
DATABASE_NAME = os.environ.setdefault("CONCORD_BENCH_DATABASE", f"concord_bench_{os.getpid()}")
DATABASES["default"]["NAME"] = DATABASE_NAME
ROOT_URLCONF = "benchmarks.urls"
# Shorter, to see what handing over from one drain to the next costs.
if "DRAIN_SECONDS" in os.environ:
    DRAIN_SECONDS = float(os.environ["DRAIN_SECONDS"])
