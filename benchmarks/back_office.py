"""The back office and the partner API at a million orders, as a browser and a partner's system see them."""

from __future__ import annotations

import random
import re
import statistics
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db.models import Model
from django.test import RequestFactory
from django.urls import reverse

from benchmarks import stage
from benchmarks.database import empty
from benchmarks.million import Million, fill
from benchmarks.report import Figure, percentile
from companies.models import CompanyLocationMapping, StoreCompanyLocation
from hub.access.roles import ORDER_DESK
from hub.api import keys
from hub.api.models import ApiKey, Scope
from hub.api.paging import place_of
from hub.sync.models import ApiCall, Attempt, Change, ReviewItem, SyncTask, TaskHistory, WebhookDelivery
from inventory.models import ItemMapping
from orders.models import (
    ErpOrder,
    OrderLink,
    PaymentTermsMapping,
    ShippingMethodMapping,
    StoreOrder,
    TaxCodeMapping,
)
from orders.states import OrderState

LONGEST = 300
ROUNDS = 3
ORDERS_OPENED = 25
WARMING = 40
PASSWORD = "as long as it must be"
PEOPLE = ("admin", "desk")
MILLISECONDS = 1000.0

# A group of addresses of one kind, measured as one figure.
Groups = dict[str, list[str]]


@dataclass(slots=True)
class Asked:
    """Whoever asks, and how long each answer took."""

    client: httpx.Client
    name: str
    closed: tuple[str, ...] = ()
    """Where the addresses begin that this person may not see."""
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def get(self, address: str) -> None:
        """Ask once, where it may be asked for."""
        if address.startswith(self.closed):
            return
        began = time.perf_counter()
        answer = self.client.get(address)
        took = time.perf_counter() - began
        if answer.status_code != 200:
            raise RuntimeError(f"{address} for {self.name}: {answer.status_code} {answer.text[:300]}")
        self.seconds.setdefault(address, []).append(took)


def back_office(count: int) -> Iterator[Figure]:
    """Fill the database, start the web server, and ask for everything as an administrator, a clerk and a partner."""
    empty()
    made = fill(count)
    yield from asked_for(made)
    empty()


def asked_for(made: Million) -> Iterator[Figure]:
    """The figures of a database that is filled."""
    secrets = _make_people(made)
    call_command("collectstatic", interactive=False, verbosity=0)
    random.seed(1)
    with stage.web_process() as (address, _):
        people = [_signed_in(address, name) for name in PEOPLE]
        partners = [
            Asked(
                httpx.Client(base_url=address, timeout=60, headers={"Authorization": f"Bearer {key}"}), name
            )
            for name, key in secrets.items()
        ]
        _warm(people, partners)
        for name, paths in _pages(made).items():
            yield _figure(name, paths, people)
        for name, paths in _endpoints(made).items():
            yield _figure(f"API: {name}", paths, partners)
        for one in (*people, *partners):
            one.client.close()


def _figure(name: str, paths: list[str], asked: list[Asked]) -> Figure:
    for one in asked:
        one.seconds.clear()
    # Everything once, then everything again: what is asked for twice in a row is quicker than people are.
    for _ in range(ROUNDS):
        for path in paths:
            for one in asked:
                one.get(path)
    by_path = [(path, seconds) for one in asked for path, seconds in one.seconds.items()]
    times = [second for _, seconds in by_path for second in seconds]
    slowest = max(by_path, key=lambda pair: statistics.median(pair[1]))
    words = (
        f"p50 {statistics.median(times) * MILLISECONDS:.0f} ms of {len(times)}, "
        f"slowest {statistics.median(slowest[1]) * MILLISECONDS:.0f} ms: {slowest[0]}"
    )
    p95 = percentile(times, 95) * MILLISECONDS
    return Figure(f"{name}, p95", p95, LONGEST, "ms", is_ceiling=True, detail=words)


# --------------------------------------------------------------------------------------------------- people


def _make_people(made: Million) -> dict[str, str]:
    """An administrator, a clerk of the order desk, and the keys of two partners: one sees all, one two stores."""
    for name in PEOPLE:
        user = User.objects.get_or_create(username=name, defaults={"is_staff": True})[0]
        user.is_superuser = name == "admin"
        user.set_password(PASSWORD)
        user.save()
        if name == "desk":
            user.groups.set(Group.objects.filter(name=ORDER_DESK))
    found = {}
    for name, pairs in (("a key for all", ()), ("a key for two stores", made.pairs[3:])):
        key = ApiKey(
            name=name, scopes=Scope.values, sees_all_connections=not pairs, requests_per_minute=100_000
        )
        found[name] = keys.issue(key)
        key.save()
        key.connections.set([pair.store.pk for pair in pairs])
    return found


def _signed_in(address: str, name: str) -> Asked:
    client = httpx.Client(base_url=address, timeout=60, follow_redirects=True)
    form = client.get(reverse("admin:login"))
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form.text)
    data = {
        "username": name,
        "password": PASSWORD,
        "csrfmiddlewaretoken": token.group(1) if token else "",
        "next": reverse("admin:index"),
    }
    client.post(reverse("admin:login"), data=data, headers={"Referer": str(form.url)})
    if "sessionid" not in client.cookies:
        raise RuntimeError(f"{name} could not sign in")
    client.follow_redirects = False
    user = User.objects.get(username=name)
    pages = admin.site._registry
    closed = tuple(
        _list(model)
        for model in pages
        if not any(
            user.has_perm(f"{model._meta.app_label}.{may}_{model._meta.model_name}")
            for may in ("view", "change")
        )
    )
    return Asked(client, name, closed)


def _warm(people: list[Asked], partners: list[Asked]) -> None:
    """Every web process loads its templates and modules at its first pages, once in its life."""
    for _ in range(WARMING):
        for one in people:
            one.get(_list(TaxCodeMapping))
    for one in partners:
        one.get("/api/v1/health")


# ---------------------------------------------------------------------------------------------------- pages


def _pages(made: Million) -> Groups:
    newest = made.count
    return {
        "order list and each of its filters": _filtered(StoreOrder),
        "order list, leafed to page 200": _leafed(StoreOrder, made),
        "order page": [_page(StoreOrder, key) for key in _some_orders(made)],
        "order page, much happened": [_page(StoreOrder, made.order(made.eventful))],
        "search: PO number": _searched(
            StoreOrder, f"PO {newest // 4}", f"4500{newest // 2:08}", f"4500{newest - 7:08}", "verbal"
        ),
        "search: beginning of a PO number": _searched(
            StoreOrder, f"PO {newest // 40}", f"4500{newest // 2:08}"[:9], f"4500{newest:08}"[:7], "po", "45"
        ),
        "search: order name": _searched(
            StoreOrder, f"#{newest // 3}", f"{newest // 3}", f"#{newest // 77 * 3}"
        ),
        "search: ERP number": _searched(
            StoreOrder,
            f"SO-{newest - newest // 20 + 7:07}",
            f"PSI-{newest // 2 + 7:07}",
            f"PSI-{newest // 9:07}",
        ),
        "search: external id": _searched(StoreOrder, f"{5_000_000_000 + newest // 2}"),
        "search: nothing is called so": _searched(StoreOrder, "no such order", "zz", "0", "%", "_", "ß"),
        "review items": _filtered(ReviewItem) + _searched(ReviewItem, f"#{newest // 2}", "verbal"),
        "review item": [_page(ReviewItem, key) for key in _keys(ReviewItem)],
        "tasks": _filtered(SyncTask) + _searched(SyncTask, f"order:{made.order(newest - 3)}"),
        "task history": _list_of_many(TaskHistory, made)
        + _searched(TaskHistory, f"order:{made.order(3)}", "x"),
        "attempts": _list_of_many(Attempt, made)
        + _searched(Attempt, f"order:{made.order(newest // 2 + 1)}", "x"),
        "deliveries": _list_of_many(WebhookDelivery, made) + _searched(WebhookDelivery, "no such id"),
        "calls": _list_of_many(ApiCall, made) + _searched(ApiCall, f"order:{made.order(made.eventful)}", "x"),
        "rows of the engine": [
            _page(model, key)
            for model in (SyncTask, TaskHistory, Attempt, WebhookDelivery, ApiCall)
            for key in _keys(model)[:3]
        ],
        "ERP orders": _list_of_many(ErpOrder, made) + _searched(ErpOrder, f"PSI-{newest // 2 + 7:07}", "x"),
        "order links": _list_of_many(OrderLink, made)
        + _searched(OrderLink, f"PSI-{newest // 2 + 7:07}", f"4500{newest // 2:08}", "45", "x"),
        "company locations": _filtered(StoreCompanyLocation)
        + _searched(StoreCompanyLocation, "Branch 77", "zz"),
        "mapping lists": [
            address
            for model in (
                ItemMapping,
                CompanyLocationMapping,
                PaymentTermsMapping,
                TaxCodeMapping,
                ShippingMethodMapping,
            )
            for address in (*_filtered(model), *_searched(model, "oak", "BULK-000123", "zz"))
        ],
        "mapping rows": [
            _page(model, key) for model in (ItemMapping, CompanyLocationMapping) for key in _keys(model)[:5]
        ],
        "changes": _filtered(Change) + _searched(Change, "BULK-000123", "admin"),
        "other lists": [_list(model) for model in admin.site._registry if model not in _NAMED],
    }


_NAMED = {
    StoreOrder, ReviewItem, SyncTask, TaskHistory, Attempt, WebhookDelivery, ApiCall, ErpOrder, OrderLink,
    StoreCompanyLocation, ItemMapping, CompanyLocationMapping, PaymentTermsMapping, TaxCodeMapping,
    ShippingMethodMapping, Change,
}  # fmt: skip


def _some_orders(made: Million) -> list[int]:
    """Orders of all ages: the newest, which wait and have deliveries near them, some that are held, any others."""
    newest = [made.order(made.count - n * made.count // 2000) for n in range(10)]
    held = [made.order(n * 1000) for n in range(1, 6)]
    any_one = [made.order(random.randint(1, made.count)) for _ in range(ORDERS_OPENED)]
    return [*newest, *held, *any_one]


def _keys(model: type[Model]) -> list[int]:
    first, last = (
        model._default_manager.order_by(order).values_list("pk", flat=True)[0] for order in ("pk", "-pk")
    )
    wanted = [random.randint(first, last) for _ in range(20)]
    return list(model._default_manager.filter(pk__in=wanted).values_list("pk", flat=True)) or [first, last]


def _list(model: type[Model], **query: object) -> str:
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{address}?{urlencode(query)}" if query else address


def _page(model: type[Model], key: int) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[key])


def _searched(model: type[Model], *terms: str) -> list[str]:
    return [_list(model, q=term) for term in terms]


def _filtered(model: type[Model]) -> list[str]:
    """The list, by each value of each filter, and in each order that its page offers."""
    request = RequestFactory().get("/")
    request.user = User.objects.get(username="admin")
    changes = admin.site.get_model_admin(model).get_changelist_instance(request)
    queries = {
        str(choice["query_string"])
        for spec in changes.filter_specs
        for choice in spec.choices(changes)
        if choice.get("query_string")
    }
    page = changes.model_admin
    sortable = [
        number
        for number, column in enumerate(changes.list_display)
        if column in page.get_sortable_by(request) and changes.get_ordering_field(column)
    ]
    orders = [_list(model, o=f"{sign}{number}") for number in sortable for sign in ("", "-")]
    return [_list(model), *(f"{_list(model)}{query}" for query in sorted(queries) if query != "?"), *orders]


def _leafed(model: type[Model], made: Million) -> list[str]:
    last = 200
    pages = [_list(model, p=page) for page in (2, 10, 50, 100, 150, last)]
    stores = [pair.store.pk for pair in made.pairs]
    return pages + [
        _list(model, connection__id__exact=key, p=page) for key in stores[:2] for page in (2, last)
    ]


def _list_of_many(model: type[Model], made: Million) -> list[str]:
    return [*_filtered(model), *(_list(model, p=page) for page in (2, 50, 200))]


# ----------------------------------------------------------------------------------------------- endpoints


def _endpoints(made: Million) -> Groups:
    now = datetime.now(UTC)
    newest = made.count
    old, recent, just_now = (_moment(now - timedelta(days=days)) for days in (1000, 30, 0.2))
    stores = [{"store": str(pair.store.public_id)} for pair in made.pairs]
    found: list[dict[str, Any]] = [
        {"po_number": f"4500{newest // 2:08}"},
        {"po_number": "verbal"},
        {"name": f"#{newest // 3}"},
        {"erp_number": f"PSI-{newest // 2 + 7:07}"},
        {"erp_number": f"SO-{newest // 2 + 7:07}"},
    ]
    times = [
        {"placed_after": recent},
        {"placed_before": recent},
        {"placed_before": old},
        {"placed_after": old, "placed_before": _moment(now - timedelta(days=900))},
        {"updated_after": just_now},
        {"updated_after": old},
        {**stores[0], "placed_before": old},
        {**stores[3], "placed_before": old},
        {**stores[4], "placed_after": recent},
        {**stores[4], "updated_after": old},
    ]
    deep = StoreOrder.objects.filter(pk__in=[made.order(newest // part) for part in (2, 10, 100, 1000)])
    # Behind the newest, of which each changed lately: the others that did are a fortieth of all, and old.
    behind = {"cursor": place_of(StoreOrder.objects.get(pk=made.order(newest - newest // 100)), "placed_at")}
    changed = {"updated_after": just_now, **behind}
    return {
        "orders": _orders({}, {"page_size": 200}, *stores),
        "orders found by a number": _orders(*found),
        "orders by times": _orders(*times),
        "orders by state": _orders(
            *({"state": state} for state in OrderState.values),
            *({"state": state, **stores[3]} for state in OrderState.values),
            *({"state": state, "placed_before": old} for state in OrderState.values),
        ),
        "orders, many old ones changed at once": _orders(
            changed,
            {"updated_after": just_now, "placed_before": recent},
            *({**changed, **store} for store in stores),
            *({**changed, "state": state} for state in OrderState.values),
        ),
        "orders, hardly any in this state": _orders(
            *({"state": "kept_out", **store} for store in stores),
            *({"state": "kept_out", **place} for place in ({"placed_before": recent}, behind)),
        ),
        "orders, deep pages": _orders(*({"cursor": place_of(order, "placed_at")} for order in deep)),
        "one order and its timeline": [
            address
            for key in _of_small_stores(made)
            for address in (f"/api/v1/orders/{key}", f"/api/v1/orders/{key}/timeline")
        ],
        "review items": [
            f"/api/v1/reviews{query}"
            for query in ("", "?state=open", "?code=no_match", f"?order={made.order(made.count)}")
        ],
        "flows and health": ["/api/v1/flows", "/api/v1/health"],
    }


def _orders(*queries: dict[str, Any]) -> list[str]:
    return [f"/api/v1/orders?{urlencode(query)}" for query in queries]


def _of_small_stores(made: Million) -> Iterable[int]:
    """Orders that both keys see."""
    stores = [pair.store.pk for pair in made.pairs[3:]]
    orders = StoreOrder.objects.filter(connection__in=stores)
    return [
        *orders.order_by("pk").values_list("pk", flat=True)[:10],
        *orders.values_list("pk", flat=True)[:10],
    ]


def _moment(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
