"""The hub's own front doors in a run: the partner API with answers that get lost on the way, and the order desk."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
from django.contrib.auth import get_user_model

from benchmarks.chaos.web import Insisting, WebServer
from hub.api import keys
from hub.api.models import ApiKey, Scope
from hub.demo.desk import Desk

USER, PASSWORD = "chaos", "not a secret of anybody"
# A partner that waits no longer than this for an answer has lost it.
IMPATIENT = 0.001
MOST_LOST = 2
PATIENT = 30.0


@dataclass(frozen=True, slots=True)
class Doors:
    """Where partners and staff come in."""

    api: PartnerApi
    desk: Desk
    callers: tuple[Insisting, ...] = ()

    @property
    def died(self) -> int:
        """How many requests ended with the web server, and were sent again."""
        return sum(caller.died for caller in self.callers)

    def close(self) -> None:
        """Everybody leaves."""
        self.api.http.close()
        self.desk.http.close()


class PartnerApi:
    """A partner's system at the REST API. What befalls a request is decided by the seed and its idempotency key."""

    def __init__(self, address: str, key: str, seed: int, transport: httpx.BaseTransport) -> None:
        self.http = httpx.Client(
            base_url=f"{address}/api/v1/",
            headers={"Authorization": f"Bearer {key}"},
            timeout=PATIENT,
            transport=transport,
        )
        self.seed = seed
        self.tries: Counter[str] = Counter()
        self.lost = self.doubled = 0

    def listed(self, path: str, **wanted: str) -> list[dict[str, Any]]:
        """The first page of what is asked for."""
        answer = self.http.get(path, params={**wanted, "page_size": "200"})
        items: list[dict[str, Any]] = _content(answer)["items"]
        return items

    def tell(self, path: str, body: dict[str, Any], key: str) -> dict[str, Any] | None:
        """What the hub answered to this request; None where nobody heard it: it is to be sent again under its key.

        Raises ValueError for a refusal.
        """
        self.tries[key] += 1
        fate = random.Random(f"{self.seed} {key} {self.tries[key]}").random()
        if fate < 0.4 and self.tries[key] <= MOST_LOST:
            return self._told(path, body, key, IMPATIENT)
        if fate < 0.6:
            self.doubled += 1
            with ThreadPoolExecutor(2) as both:
                told = [both.submit(self._told, path, body, key, PATIENT) for _ in range(2)]
            first, second = (one.result() for one in told)
            return first or second
        return self._told(path, body, key, PATIENT)

    def _told(self, path: str, body: dict[str, Any], key: str, seconds: float) -> dict[str, Any] | None:
        timeout = httpx.Timeout(PATIENT, read=seconds)
        try:
            answer = self.http.post(path, json=body, headers={"Idempotency-Key": key}, timeout=timeout)
        except httpx.TransportError:
            self.lost += 1
            return None
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error:
            return None
        return _content(answer)


def _content(answer: httpx.Response) -> dict[str, Any]:
    if not answer.is_success:
        raise ValueError(f"{answer.request.method} {answer.request.url} answers {answer.text}")
    content: dict[str, Any] = answer.json()
    return content


def opened(web: WebServer, seed: int) -> Doors:
    """A key and a person of this run's own, as an administrator makes them."""
    key = ApiKey(
        name="Chaos EDI", scopes=list(Scope.values), sees_all_connections=True, requests_per_minute=100_000
    )
    secret = keys.issue(key)
    key.save()
    get_user_model().objects.create_superuser(USER, "", PASSWORD)
    partner, person = Insisting(web, seed), Insisting(web, seed)
    return Doors(
        PartnerApi(web.address, secret, seed, partner),
        Desk(web.address, USER, PASSWORD, transport=person),
        (partner, person),
    )
