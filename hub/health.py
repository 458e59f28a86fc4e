"""What a load balancer asks: does the process live, and can it serve? Strangers learn that and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from hub.embedded.errors import EmbeddedDatabaseError
from hub.insiders import is_insider
from hub.sync.leases import count_live
from hub.sync.no_database import why_no_database
from hub.sync.sweep import has_work

FOR_MACHINES = ("/healthz", "/readyz", "/metrics")
NOBODY_WORKS = "there is work to do and no worker lives: start manage.py work"


def without_session(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Middleware: whoever asks here is nobody, or the look-up of a session would fail with the database."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path_info in FOR_MACHINES:
            request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)
        return get_response(request)

    return middleware


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 as long as this process answers at all. Touches nothing else."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when the database answers and has every migration, else 503; insiders are told the reason.

    Without workers it is ready all the same: webhooks are stored and wait. Insiders are told that nobody works.
    """
    reason = why_not_ready()
    answer: dict[str, object] = {"status": "not ready" if reason else "ok"}
    if is_insider(request):
        answer["reason"] = reason
        if not reason:
            answer |= _workers()
    return JsonResponse(answer, status=503 if reason else 200)


def why_not_ready() -> str:
    """What keeps this process from serving, in plain words; "" when nothing does."""
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except (DatabaseError, InterfaceError, EmbeddedDatabaseError) as error:
        return why_no_database(error)
    if missing:
        return f"{len(missing)} migrations are not applied: run manage.py migrate"
    return ""


def _workers() -> dict[str, object]:
    """How many drains live, and a warning where there is something to do for one: an idle drain ends by itself."""
    try:
        live = count_live()
        return {"workers": live, "warning": NOBODY_WORKS if not live and has_work() else ""}
    except (DatabaseError, InterfaceError):
        return {"workers": None, "warning": "the database went away"}
