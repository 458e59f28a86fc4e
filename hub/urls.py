"""Which app answers where."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from hub import health, metrics
from hub.sync import webhooks

urlpatterns = [
    path("admin/", admin.site.urls),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", metrics.metrics),
    path("webhooks/<uuid:public_id>/", webhooks.receive, name="webhook"),
]
