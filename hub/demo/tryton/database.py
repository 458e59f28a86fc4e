"""The prepared database: Tryton's modules and a company to trade with. Made once, then copied for each server."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime
from pathlib import Path

from hub.demo import goods
from hub.demo.tryton import company
from hub.demo.tryton.environment import environment_key, home, key_of, programs, run
from hub.demo.tryton.rpc import ADMIN_PASSWORD, DATABASE, Tryton

MODULES = (
    "sale_amendment",
    "sale_invoice_grouping",
    "sale_shipment_cost",
    "sale_supply_drop_shipment",
    "web_shop",
)
"""What is activated, with everything that these need. Invoices are grouped for the customers that say so: none."""
Serving = Callable[[Path, Path], AbstractContextManager[str]]


def prepared(serving: Serving) -> Path:
    """The database file to copy; call it inside `making`. `serving` runs a server on a folder's database.

    Its fiscal years are this and the next: it is made anew in another year.
    """
    made_from = [environment_key(), *MODULES, str(_year())]
    made_from += [Path(module.__file__ or "").read_text() for module in (company, goods)]
    ready = home() / f"database-{key_of(*made_from)}.sqlite"
    if not ready.exists():
        _make(ready, serving)
    return ready


def configuration(place: Path, *, listen: str = "127.0.0.1:0") -> Path:
    """The server's configuration file for the database in this folder."""
    file = place / "trytond.conf"
    file.write_text(
        f"[database]\nuri = sqlite://\npath = {place}\n[web]\nlisten = {listen}\n[session]\nmax_attempt = 1000\n"
    )
    return file


def _make(ready: Path, serving: Serving) -> None:
    bin_folder = programs()
    with tempfile.TemporaryDirectory(prefix="concord-tryton-") as made:
        place = Path(made)
        _activate_modules(bin_folder, place)
        with serving(bin_folder, place) as address, Tryton(address) as tryton:
            company.set_up(tryton, _year())
        draft = ready.with_suffix(".new")
        draft.unlink(missing_ok=True)
        # Not a copy of the file: what the server wrote last may stand beside it.
        with closing(sqlite3.connect(place / f"{DATABASE}.sqlite")) as source:
            source.execute("VACUUM INTO ?", [str(draft)])
        draft.rename(ready)


def _activate_modules(bin_folder: Path, place: Path) -> None:
    (place / f"{DATABASE}.sqlite").touch()
    password = place / "password"
    password.write_text(ADMIN_PASSWORD)
    command = [str(bin_folder / "trytond-admin"), "-c", str(configuration(place)), "-d", DATABASE]
    options = ["-u", *MODULES, "--activate-dependencies", "--no-indexes", "--email", "admin@example.com"]
    run(
        [*command, *options],
        "its database cannot be made",
        {**os.environ, "TRYTONPASSFILE": str(password), "PYTHONWARNINGS": "ignore"},
    )


def _year() -> int:
    return datetime.now(UTC).year
