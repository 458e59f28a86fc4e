"""What a load balancer asks: does the process live, and can it serve?"""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 as long as this process answers at all. Touches nothing else."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when the database answers and has every migration, else 503 with the reason."""
    reason = why_not_ready()
    return JsonResponse(
        {"status": "not ready" if reason else "ok", "reason": reason}, status=503 if reason else 200
    )


def why_not_ready() -> str:
    """What keeps this process from serving, in plain words; "" when nothing does."""
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return "the database does not answer"
    if missing:
        return f"{len(missing)} migrations are not applied: run manage.py migrate"
    return ""
