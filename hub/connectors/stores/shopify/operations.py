"""The GraphQL operations of the Admin API, each named, with its cost on the line before it.

A file holds one operation, or those of one subject that share fragments; as it stands it is a valid GraphQL document.
What is sent is one operation with the fragments that it uses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hub.connectors.base import CallKind

QUERIES = Path(__file__).parent / "queries"
# Whatever is defined ends with the first brace at the beginning of a line.
_DEFINITION = re.compile(
    r"^(?:# cost: (?P<cost>\d+)\n)?(?P<text>(?P<what>query|mutation|fragment) (?P<name>\w+).*?^\}$)",
    re.MULTILINE | re.DOTALL,
)
_SPREAD = re.compile(r"\.\.\.(\w+)")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `cost` is the requested cost in points, as stated for its first page size."""

    name: str
    text: str
    kind: CallKind
    cost: float


def operation(name: str) -> Operation:
    """The operation of this name; raises KeyError where no file has it."""
    return operations()[name]


@cache
def operations() -> dict[str, Operation]:
    """All operations by name; raises ValueError for one that states no cost."""
    files = sorted(QUERIES.glob("*.graphql"))
    return {one.name: one for file in files for one in _operations_of(file.read_text(encoding="utf-8"))}


def _operations_of(document: str) -> Iterator[Operation]:
    definitions = list(_DEFINITION.finditer(document))
    fragments = {found["name"]: found["text"] for found in definitions if found["what"] == "fragment"}
    for found in definitions:
        if found["what"] == "fragment":
            continue
        if found["cost"] is None:
            raise ValueError(f"{found['name']} does not state its cost on the line before it")
        used = _used(found["text"], fragments)
        text = "\n\n".join([found["text"], *(fragments[name] for name in fragments if name in used)]) + "\n"
        kind = CallKind.WRITE if found["what"] == "mutation" else CallKind.READ
        yield Operation(found["name"], text, kind, float(found["cost"]))


def _used(text: str, fragments: dict[str, str]) -> set[str]:
    """The fragments of the same file that this text uses, also by way of others; no fragment uses itself."""
    named = {name for name in _SPREAD.findall(text) if name in fragments}
    return named.union(*(_used(fragments[name], fragments) for name in named))
