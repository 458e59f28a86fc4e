"""What the web server calls."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from hub.lib.collector import settle_loaded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
application = get_wsgi_application()
# Now, and not while the first request waits: with the addresses all pages are loaded.
_ = get_resolver().url_patterns
settle_loaded()
