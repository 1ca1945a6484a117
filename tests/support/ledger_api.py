"""The ledger's HTTP API as tests use it: a client for each role, and stock to work with."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from cloud_sync.actions.access import create_token
from cloud_sync.actions.interop.field_maps import FieldMaps
from cloud_sync.app import NO_CONNECTION_SETTINGS, create_app
from cloud_sync.domain.connections import ConnectionSettings
from cloud_sync.domain.roles import Role
from cloud_sync.domain.typed_times import TypedTimes
from cloud_sync.labels.settings import LabelSettings
from cloud_sync.storage.database import Database
from tests.support.quick_client import QuickClient

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ANY_TIME = TypedTimes(dict.fromkeys(Role, timedelta(days=3650)))
"""Scans in tests are of all times, and so is what people type about them."""
NO_LABELS = LabelSettings()
SOON, LATER = "2026-07-01", "2027-01-31"


class Api:
    """One HTTP client, and a token for each role: ``api.operator.post("/v1/...")``."""

    def __init__(self, client: httpx.Client, database: Database, tokens: Mapping[str, str] | None = None) -> None:
        """``tokens``: those of another one, by name, where the database holds them already."""
        self.client = client
        self.database = database
        self._tokens = tokens or {}
        self.reader = self.known_as("reader-1", Role.AUDITOR)
        self.operator = self.known_as("operator-1", Role.OPERATOR)
        self.quality = self.known_as("quality-1", Role.QUALITY)
        self.administrator = self.known_as("administrator-1", Role.ADMINISTRATOR)
        self._tokens = {}

    @property
    def tokens(self) -> dict[str, str]:
        """Of the four that everybody knows."""
        everybody = {"reader-1": self.reader, "operator-1": self.operator, "quality-1": self.quality}
        return {name: one.token for name, one in (everybody | {"administrator-1": self.administrator}).items()}

    def known_as(self, name: str, role: Role) -> "Somebody":
        if name in self._tokens:
            return Somebody(self.client, self._tokens[name])
        owner = "house" if role is Role.OWNER else None
        return Somebody(self.client, create_token(self.database, name, role, owner=owner))

    def place(self, name: str, kind: str = "room", **more: Any) -> dict[str, Any]:
        if kind == "site":
            more.setdefault("zone", "UTC")
        return self.administrator.ok("POST", "/v1/places", json={"name": name, "kind": kind, **more})

    def item(self, name: str = "insulin", **more: Any) -> dict[str, Any]:
        return self.administrator.ok("POST", "/v1/items", json={"name": name, **more})

    def house(self) -> None:
        """A supplier, two refrigerators in a site, a customer and an item."""
        self.place("acme", "supplier")
        self.place("main", "site")
        self.place("fridge-a", parent="main")
        self.place("fridge-b", parent="main")
        self.place("st-mary", "customer")
        self.item()

    def receive(
        self, lot: str, quantity: int, *, place: str = "fridge-a", expires_on: str | None = LATER, **more: Any
    ) -> int:
        """Book a receipt and give the lot's id."""
        line = {"item": "insulin", "lot_number": lot, "quantity": quantity, "expires_on": expires_on, **more}
        moved = self.operator.ok("POST", "/v1/movements", json=movement("receive", "acme", place, [line]))
        return int(moved[0]["lot_id"])

    def destroy(
        self, place: str, lot: str, quantity: int, *, item: str = "insulin", scrap: str = "scrap"
    ) -> httpx.Response:
        """By an order that others approve and witness; gives the last answer."""
        if not any(row["name"] == scrap for row in self.reader.rows("/v1/places")):
            self.place(scrap, "scrap")
        line = {"item": item, "quantity": quantity, "lot_number": lot}
        order = {"client_id": str(uuid.uuid4()), "kind": "destruction", "from_place": place, "to_place": scrap}
        made = self.operator.ok("POST", "/v1/orders", json={**order, "lines": [line]})
        path = f"/v1/orders/{made['number']}"
        why = {"reason": "as agreed"}
        self.quality.ok("POST", f"{path}/approve", json=why)
        self.known_as(f"witness-{uuid.uuid4().hex[:8]}", Role.OPERATOR).ok("POST", f"{path}/witness", json=why)
        return self.operator.post(f"{path}/destroy", {"client_id": str(uuid.uuid4())})

    def excursion(self, place: str, lot_id: int, *, ended: bool = True, worst: float = 12.5) -> int:
        """An excursion in a place and the exposure of a lot that is there, as the facts side keeps them."""
        began = NOW - timedelta(hours=2)
        with self.database.transaction() as connection:
            row = connection.execute(
                """
                WITH gw AS (
                    INSERT INTO gateway (name, public_key) VALUES (%(name)s, sha256('')) RETURNING id
                ), ch AS (
                    INSERT INTO channel (gateway_id, device, metric, place_id)
                    SELECT gw.id, 'probe', 'temp_c', p.id FROM gw, place p WHERE p.name = %(place)s
                    RETURNING id, place_id
                )
                INSERT INTO excursion (channel_id, place_id, rule, began_at, ended_at, worst)
                SELECT id, place_id, 'high', %(began)s, %(ended)s, %(worst)s FROM ch RETURNING id, place_id
                """,
                {
                    "name": f"gw-{uuid.uuid4()}", "place": place, "began": began, "worst": worst,
                    "ended": began + timedelta(hours=1) if ended else None,
                },
            ).fetchone()  # fmt: skip
            assert row is not None
            connection.execute(
                "INSERT INTO residency (lot_id, place_id, began_at) SELECT %(lot)s, %(place)s, %(began)s"
                " WHERE NOT EXISTS (SELECT FROM residency r"
                " WHERE (r.lot_id, r.place_id) = (%(lot)s, %(place)s) AND r.ended_at IS NULL)",
                {"lot": lot_id, "place": row["place_id"], "began": began - timedelta(days=1)},
            )
            connection.execute(
                "INSERT INTO exposure (excursion_id, lot_id, place_id, residency_began_at, since)"
                " SELECT %s, lot_id, place_id, began_at, %s FROM residency WHERE (lot_id, place_id) = (%s, %s)"
                " AND ended_at IS NULL",
                (row["id"], began, lot_id, row["place_id"]),
            )
        return int(row["id"])


class Somebody:
    """A client with a token."""

    def __init__(self, client: httpx.Client, token: str) -> None:
        self.token = token
        self._client = client

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self._client.request(method, path, headers={"Authorization": f"Bearer {self.token}"}, **more)

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.request("GET", path, params=query)

    def post(self, path: str, body: Any = None) -> httpx.Response:
        return self.request("POST", path, json=body)

    def ok(self, method: str, path: str, **more: Any) -> Any:
        response = self.request(method, path, **more)
        assert response.is_success, response.text
        return response.json() if response.content else None

    def rows(self, path: str, **query: Any) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.ok("GET", path, params=query)["rows"]
        return rows


def movement(action: str, source: str, target: str, lines: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "client_id": str(uuid.uuid4()),
        "action": action,
        "from_place": source,
        "to_place": target,
        "occurred_at": (NOW - timedelta(days=1)).isoformat(),
        "lines": lines,
        **more,
    }


def demand(quantity: int, **more: Any) -> dict[str, Any]:
    return {"client_id": str(uuid.uuid4()), "item": "insulin", "quantity": quantity, "demand": "SO-1", **more}


@contextmanager
def api_on(
    database: Database,
    typed_times: TypedTimes = ANY_TIME,
    label_settings: LabelSettings = NO_LABELS,
    connection_settings: ConnectionSettings = NO_CONNECTION_SETTINGS,
    tokens: Mapping[str, str] | None = None,
    field_maps: FieldMaps | None = None,
) -> Iterator[Api]:
    app = create_app(
        database,
        clock=lambda: NOW,
        typed_times=typed_times,
        label_settings=label_settings,
        connection_settings=connection_settings,
        field_maps=field_maps,
    )
    with QuickClient(app, raise_server_exceptions=False) as client:
        yield Api(client, database, tokens)
