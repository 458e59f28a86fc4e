"""All settings, read from the environment. What an admin may change lives in the database, not here.

DATABASE_URL            postgres://user:password@host:5432/name; unset: the clone's own embedded server;
                        a server that says nothing is waited for 5 seconds, with ?connect_timeout=10 behind the name 10
DATABASE_NAME           another database on that server (the demonstration and the benchmarks use their own)
SECRET_KEY              unset: made once for this clone (for a deployment set it)
FIELD_ENCRYPTION_KEYS   comma-separated Fernet keys, the first encrypts; unset: made once for this clone
ALLOWED_HOSTS           comma-separated host names; unset: this machine, and the host of PUBLIC_URL
PUBLIC_URL              https://hub.example.com, where webhooks are delivered; unset: changes come by cursor
EMAIL_URL               smtp+tls://user:password@host:587; unset: mails are printed
DEFAULT_FROM_EMAIL      sender of alerts
DEBUG                   1 for Django's error pages
HTTPS                   1 behind a proxy that ends TLS and sets X-Forwarded-Proto: secure cookies, HSTS
TRUSTED_PROXIES         how many proxies of yours stand before the web server, each adding to X-Forwarded-For; 0
LOG_LEVEL               INFO
FREIGHT_ALLOWS_PRIVATE  1 where a customer's freight endpoint stands in your own network: it may then be http, too
METRICS_TOKEN           bearer token of /metrics and of the reasons in /readyz; unset: from this machine only
"""

from __future__ import annotations

import importlib.util
from datetime import timedelta
from pathlib import Path
from typing import Any

import django_stubs_ext
import environ
import structlog

from hub.embedded.places import clone_folder, places
from hub.embedded.server import DATABASE, OWNER, PORT
from hub.local_secrets import local_secrets
from hub.names import hosts, trusted_origins
from hub.navigation import UNFOLD as UNFOLD

# ModelAdmin[Order] and the like at run time.
django_stubs_ext.monkeypatch()

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent

# ------------------------------------------------------------------------------------------- safety

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or local_secrets()["secret_key"]
FIELD_ENCRYPTION_KEYS = env.list("FIELD_ENCRYPTION_KEYS", default=[]) or [
    local_secrets()["field_encryption_key"]
]
PUBLIC_URL = env.str("PUBLIC_URL", default="")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[]) or hosts(PUBLIC_URL)

# Else a price would be asked of https and the public internet only (docs/freight.md).
FREIGHT_ALLOWS_PRIVATE = env.bool("FREIGHT_ALLOWS_PRIVATE", default=DEBUG)
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
IS_HTTPS = env.bool("HTTPS", default=False)
CSRF_TRUSTED_ORIGINS = trusted_origins(ALLOWED_HOSTS) if IS_HTTPS else []
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_HTTPS else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_HTTPONLY = True
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# A working day after signing in, a person signs in again.
SESSION_COOKIE_AGE = 12 * 3600
# Failed sign-ins of one user name from one address: then nobody gets in so for a while, with any password.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_TEMPLATE = "admin/locked_out.html"
AXES_CLIENT_IP_CALLABLE = "hub.access.sign_in.client_address"
AXES_DISABLE_ACCESS_LOG = True
# Its page is ours (hub/access/admin.py), in the back office's style.
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
# Store webhooks are the largest bodies that arrive; their view cuts off at its own, lower limit.
DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000_000
# SECURE_SSL_REDIRECT and preloading belong to the proxy that ends TLS.
SILENCED_SYSTEM_CHECKS = ["security.W008", "security.W021"]

# ------------------------------------------------------------------------------------- what is here

INSTALLED_APPS = [
    # Before the admin, whose templates it replaces.
    "unfold.apps.BasicAppConfig",
    "hub.back_office.apps.BackOfficeConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "pgtrigger",
    "axes",
    "django_q",
    "django_structlog",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "hub.sync",
    "hub.access",
    "hub.api",
    "hub.sandbox",
    "companies",
    "inventory",
    "orders",
    "hub.demo",
]
if importlib.util.find_spec("django_linear_migrations"):
    INSTALLED_APPS.append("django_linear_migrations")

MIDDLEWARE = [
    # The first: errors of the others become problem documents below /api/.
    "hub.api.guard.guard",
    "django.middleware.security.SecurityMiddleware",
    "hub.content_policy.restrict",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "hub.health.without_session",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "hub.sync.changed_by.remember_who",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    # The last: it answers where too many sign-ins failed.
    "axes.middleware.AxesMiddleware",
]
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
ROOT_URLCONF = "hub.urls"
WSGI_APPLICATION = "hub.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

# ----------------------------------------------------------------------------------------- database

IS_DATABASE_EMBEDDED = not env.str("DATABASE_URL", default="")


def _database() -> dict[str, Any]:
    name = env.str("DATABASE_NAME", default="")
    if not IS_DATABASE_EMBEDDED:
        return dict(env.db_url("DATABASE_URL")) | ({"NAME": name} if name else {})
    return {
        "ENGINE": "hub.embedded",
        "HOST": str(places().socket),
        "PORT": PORT,
        "USER": OWNER,
        "NAME": name or DATABASE,
    }


def _options(database: dict[str, Any], idle_seconds: float) -> dict[str, Any]:
    """The session options of a database address, with the longest pause inside a transaction before them.

    Only what `hub.sync.prepared` is given is prepared, and then planned once for all values.
    """
    options = {"prepare_threshold": 2**30, "connect_timeout": CONNECT_SECONDS}
    options |= dict(database.get("OPTIONS", {}))
    words = (
        f"-c idle_in_transaction_session_timeout={int(idle_seconds * 1000)}"
        " -c plan_cache_mode=force_generic_plan"
    )
    return options | {"options": f"{words} {options.get('options', '')}".strip()}


# A process that is stopped inside a transaction holds its rows, and whoever needs one of them waits. No flow waits
# for a far side inside a transaction, so that only a stopped process pauses this long. Below the worker's lease.
IDLE_IN_TRANSACTION_SECONDS = 60.0
# A server that cannot be reached, or says nothing, holds a request or a worker this long; psycopg waits two minutes.
CONNECT_SECONDS = 5
# WSGI threads and drains live long and are few: a connection each, kept, checked at the start of each
# request.
_DATABASE = _database()
DATABASES = {
    "default": _DATABASE
    | {
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": _options(_DATABASE, IDLE_IN_TRANSACTION_SECONDS),
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
FORMAT_MODULE_PATH = "hub.formats"
TIME_ZONE = "UTC"

# ----------------------------------------------------------------------------------- background work

# django-q2 only runs drains; what must be done is remembered in hub.sync's task table, retries included.
# `timeout` kills in mid-call and is therefore longer than a drain's budget plus its longest call; `retry`
# must be longer still.
Q_CLUSTER = {
    "name": "concord",
    "orm": "default",
    # One drains, the other answers the heartbeat. More drains: more `manage.py work`, each with queue and
    # cluster.
    "workers": 2,
    "ALT_CLUSTERS": {},
    "timeout": 1700,
    "retry": 1800,
    "ack_failures": True,
    "save_limit": -1,
    "poll": 0.2,
    "bulk": 1,
    "catch_up": False,
    "label": "Background workers",
}

# ----------------------------------------------------------------------------------- static, mail, API

STATIC_URL = "/static/"
STATIC_ROOT = clone_folder("static")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="concord@localhost")
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
# A mail server that does not answer must not hold a thread for ever.
EMAIL_TIMEOUT = 10
REST_FRAMEWORK = {
    # Closed unless a view says otherwise: keys only, and a view that names no scope opens to nobody.
    "DEFAULT_AUTHENTICATION_CLASSES": ["hub.api.access.KeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["hub.api.access.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["hub.api.access.KeyThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "hub.api.schema.ApiSchema",
    "EXCEPTION_HANDLER": "hub.api.problems.answer",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Concord partner API",
    "DESCRIPTION": "Orders with both sides, held orders, review items, flows and health. See docs/api.md.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {
        "OrderState": "orders.states.OrderState",
        "ReviewState": "hub.api.reviews.ReviewState",
        "LinkTotals": "orders.api_shapes.LinkTotals",
        "LinkKind": "orders.api_shapes.LinkKind",
        "ConnectionSide": "hub.api.fields.ConnectionSide",
    },
    # From our own static files; nothing is asked of anybody else, and no address is sent to be validated.
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {
        "validatorUrl": None,
        "persistAuthorization": False,
        "defaultModelsExpandDepth": 0,
    },
}

# ------------------------------------------------------------------------------------- logs, metrics

_before_rendering: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(default=str),
            ],
            "foreign_pre_chain": _before_rendering,
        },
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        # A line for every drain start and end, and for every outgoing request: our own call log says it
        # better.
        "django-q": {"level": "WARNING"},
        "django_structlog": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
    },
}
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *_before_rendering,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
