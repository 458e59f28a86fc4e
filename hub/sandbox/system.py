"""What the sandbox server asks of a simulated system."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any, ClassVar, TypeAlias, TypeVar

Value = TypeVar("Value")
Soon: TypeAlias = Value | Awaitable[Value]
"""A value, or one that others have yet to say: the server serves everybody else meanwhile."""


async def settled(value: Soon[Value]) -> Value:
    """The value, waited for where it has to be."""
    return await value if isawaitable(value) else value


@dataclass(slots=True)
class Request:
    """One request as it arrived. `path` is below the system's own root, header names are lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    root: str = ""
    """What the server cut off the path's front: "" (default system), "/stores/NAME" or "/erps/NAME"."""
    lag: float = 0.0
    """A scripted fault asks look-ups to miss what changed in the last so many seconds."""


@dataclass(slots=True)
class Response:
    """One answer. Header names as they go out."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Outgoing:
    """A webhook that a system wants delivered. `attempt` counts from 1."""

    url: str
    headers: dict[str, str]
    body: bytes
    topic: str
    attempt: int = 1
    key: str = ""
    """What fault rules tell webhooks apart by, the same in every run; "" lets them be counted."""
    delay: float = 0.0
    """Seconds that the system itself gathers before it sends; `compose` makes the body then, b"" for none."""
    compose: Callable[[], bytes] | None = None


@dataclass(frozen=True, slots=True)
class Lane:
    """How the server lets a request through.

    At most `concurrency` requests of one `credential` work at once (0: no limit) and `queue` more wait; each
    takes `latency` seconds, spent before the request is handled and while it holds its place.
    """

    credential: str = ""
    concurrency: int = 0
    queue: int = 0
    latency: float = 0.0


class System(ABC):
    """A simulated store or ERP, or a real one behind a relay. Called from one thread; holds its own state.

    What it answers at once, it answers quickly; what it must ask others for, it promises.
    """

    kind: str
    """"store" or "erp"."""
    # Shopify's: 8 retries over 4 h, exponential, with the original payload
    # (https://shopify.dev/changelog/updates-to-webhook-retry-mechanism).
    webhook_retries: ClassVar[int] = 8
    webhook_retry_seconds: ClassVar[float] = 4 * 3600.0
    """How often a webhook is sent again, and within which time."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.outbox: list[Outgoing] = []
        """Webhooks to deliver; the server takes them after each call."""

    @abstractmethod
    def handle(self, request: Request) -> Soon[Response]:
        """Answer one request of the far system's own interface and change the state it would change."""

    @abstractmethod
    def operation(self, request: Request) -> str:
        """What fault rules match: the GraphQL operation, or "METHOD entity" (as in "POST salesOrders")."""

    @abstractmethod
    def reset(self, profile: str) -> None:
        """Forget everything and start from a named profile; raises ValueError for an unknown one."""

    @abstractmethod
    def seed(self, data: dict[str, Any]) -> Soon[dict[str, Any]]:
        """Add master data (companies, items…) and answer with what was made, by the caller's own keys."""

    @abstractmethod
    def act(self, action: str, data: dict[str, Any]) -> Soon[dict[str, Any]]:
        """Play a person: a buyer places or cancels an order, a clerk edits one.

        Raises ValueError in plain words.
        """

    @abstractmethod
    def truth(self) -> Soon[dict[str, Any]]:
        """Everything it holds, JSON-ready, money as decimal strings."""

    def admit(self, request: Request) -> Lane | Response:
        """Called when the request arrives: the lane it takes, or a refusal at once (a spent rate limit)."""
        return Lane()

    def key(self, request: Request) -> str:
        """What tells this request from others in every run (an order's reference); "" lets it be counted."""
        return ""

    def note(self, request: Request, response: Response) -> dict[str, Any]:
        """What the request log keeps of a handled request beyond its operation, JSON-ready."""
        return {}

    def sends_again(self, result: str) -> bool:
        """Whether a webhook that was not taken is sent again; `result` is a status, or words where none came."""
        return True

    def gave_up(self, outgoing: Outgoing) -> None:
        """A webhook is not sent again; a system may delete the subscription."""
        return

    def refusal(self, kind: str, parameters: dict[str, Any]) -> Response:
        """How this system itself would word a scripted fault: "429", "503", "throttled", "expired_token"…"""
        return Response(int(kind) if kind.isdigit() else 500, b"")
