"""How many FHIR resources a second one client reads, page by page, over HTTP.

Each is held against another library's models and against FHIR's own rules after it was counted.

``LOTWARDEN_FHIR_PAGES`` is how many pages of a thousand are read of each kind.
"""

import os
from functools import cache
from time import perf_counter
from typing import Any

import httpx
from fhir.resources.bundle import Bundle as BundleR5
from fhir.resources.R4B.bundle import Bundle as BundleR4

from cloud_sync.actions.access import create_token
from cloud_sync.api.connections import Doorkeeper
from cloud_sync.domain.roles import Role
from cloud_sync.interop.hospital.fhir_rules import Release, faults_of
from cloud_sync.storage.database import Database
from tests.bench.figure import Figure
from tests.bench.ledger import LARGE_LOTS, filled, positions_of
from tests.support.served import served

LOTS = int(os.environ.get("LOTWARDEN_BENCH_LOTS", LARGE_LOTS))
PAGES = int(os.environ.get("LOTWARDEN_FHIR_PAGES", "5"))
PAGE = 1000
KINDS = (("R4", "SupplyDelivery"), ("R5", "SupplyDelivery"), ("R5", "InventoryItem"))
BUNDLES = {Release.R4: BundleR4, Release.R5: BundleR5}


def _pages(client: httpx.Client, release: str, type_: str) -> tuple[list[Any], float]:
    """Pages, and how long reading them took in seconds."""
    path: str | None = f"/fhir/{release}/{type_}?_count={PAGE}"
    pages: list[Any] = []
    began = perf_counter()
    while path and len(pages) < PAGES:
        answer = client.get(path)
        answer.raise_for_status()
        pages.append(answer.json())
        path = next((link["url"] for link in pages[-1]["link"] if link["relation"] == "next"), None)
    return pages, perf_counter() - began


@cache
def _measured() -> dict[str, float]:
    database: Database = filled(LOTS)
    token = create_token(database, "fhir-bench", Role.AUDITOR)
    rates: dict[str, float] = {}
    with (
        served(database, Doorkeeper(None)) as port,
        httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}, timeout=60
        ) as client,
    ):
        for release, type_ in KINDS:
            _pages(client, release, type_)
            pages, took_s = _pages(client, release, type_)
            rates[f"{release} {type_}"] = sum(len(page["entry"]) for page in pages) / took_s
            for page in pages:
                faults = faults_of(page, Release(release))
                assert not faults, faults[:3]
                BUNDLES[Release(release)].model_validate(page)
    return rates


def fhir_out() -> Figure:
    """The slowest kind."""
    rates = _measured()
    slowest = min(rates, key=lambda kind: rates[kind])
    every = ", ".join(f"{kind} {rate:,.0f}" for kind, rate in rates.items())
    return Figure(
        "fhir_out_per_s",
        rates[slowest],
        "resources/s",
        1000.0,
        at_least=True,
        note=f"{slowest}; all of them valid by fhir.resources and FHIR's rules; {every}; {positions_of(LOTS)}",
    )


FIGURES = {"fhir_out_per_s": fhir_out}
