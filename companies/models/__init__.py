"""The tables of companies."""

from __future__ import annotations

from companies.models.links import CompanyLocationLink
from companies.models.mappings import CompanyLocationMapping
from companies.models.mirrors import StoreCompanyLocation
from companies.models.policies import CompanyPolicy

__all__ = ["CompanyLocationLink", "CompanyLocationMapping", "CompanyPolicy", "StoreCompanyLocation"]
