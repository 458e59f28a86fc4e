"""Documents that are kept as JSON, read back as the dataclasses that they were.

msgspec learns a dataclass at its first use, and two threads that begin with it at once end the process by a
segmentation fault (seen with 0.22, in get_dataclass_info). So nobody else reads dataclasses: here each is learnt under
one lock, when the module that reads it is imported.
"""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

import msgspec

KindT = TypeVar("KindT")
_learning = threading.Lock()


class Stored(Generic[KindT]):
    """How values of one type are read back. Made once, where the module is imported; threads share it.

    `kind` is a dataclass, or a list, tuple or dict of some. Both readers raise msgspec.ValidationError for others.
    """

    def __init__(self, kind: type[KindT]) -> None:
        self._kind = kind
        with _learning:
            self._decoder = msgspec.json.Decoder(kind)

    def read(self, stored: object) -> KindT:
        """From what a JSON column holds."""
        return msgspec.convert(stored, self._kind)

    def decode(self, text: str | bytes) -> KindT:
        """From JSON text."""
        return self._decoder.decode(text)
