"""The project's addresses and the bare view."""

from __future__ import annotations

from django.urls import path

from benchmarks import bare
from hub.urls import urlpatterns as of_the_project

urlpatterns = [*of_the_project, path("bare/<int:connection_id>/", bare.receive)]
