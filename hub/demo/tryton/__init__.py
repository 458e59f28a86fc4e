"""A real Tryton on this machine: its packages, a company to trade with, a server.

    with tryton_server() as address: ...

It is the other side of the wire: everything here speaks to it by its commands and its JSON-RPC interface, nothing
imports it. What it holds is what `hub.demo.goods` says.
"""

from __future__ import annotations

from hub.demo.tryton.server import tryton_server

__all__ = ["tryton_server"]
