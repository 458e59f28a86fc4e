"""Pages that an administrator publishes as OData web services, for what API v2.0 does not tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hub.connectors.erps.business_central import odata
from hub.connectors.erps.business_central.client import Client, Json
from hub.errors import ConnectionBroken, RecordRejected


@dataclass(frozen=True, slots=True)
class PublishedPage:
    """One page of the application: its object id and caption, what we read of it, and where we are told its name.

    Columns are named by the platform's rule: whatever is no letter or digit in a control's name becomes an underscore.
    """

    number: int
    caption: str
    columns: tuple[str, ...]
    records: str
    """The application's word for the records that it shows: what a permission set must let us read."""
    setting: str
    """The label of the connection's field that holds its name."""

    def rows(self, client: Client, name: str, options: Mapping[str, str], operation: str) -> list[Json]:
        """Its rows, page after page, or `$top` of them.

        Raises RecordRejected where it is not served under this name, or a column or permission is missing: such a
        page stops what is read from it, not the orders beside it.
        """
        try:
            address = client.web_service(name)
            path = odata.query(address, {**options, "$select": ",".join(self.columns)})
            if "$top" in options:
                return client.page(path, operation=operation).items
            return list(client.items(path, operation=operation))
        except (ConnectionBroken, RecordRejected) as error:
            raise RecordRejected(
                f"{error} {self.advice(name)}", evidence={"web_service": name, "page": str(self.number)}
            ) from error

    def advice(self, name: str) -> str:
        """What an administrator does so that it is served under this name."""
        return (
            f"Publish page {self.number} ({self.caption}) in Business Central: search for Web Services, add a line "
            f"with object type Page, object id {self.number} and service name {name!r}, and tick Published; or "
            f"correct {self.setting} on the connection's page. The application needs a permission set that reads "
            f"{self.records}."
        )
