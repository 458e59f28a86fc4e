"""Prometheus figures. Web and worker processes of a host write into one folder; any web process answers.

`web` and `work` name the folder in PROMETHEUS_MULTIPROC_DIR for their children; without it a process speaks
for itself.
"""

from __future__ import annotations

import os

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from hub.insiders import is_insider
from hub.sync.metrics import DatabaseGauges

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Everything counted since the processes that live now were started. For insiders: see hub/insiders.py."""
    if not is_insider(request):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    registry = CollectorRegistry()
    if FOLDER_VARIABLE in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(REGISTRY)
    registry.register(DatabaseGauges())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
