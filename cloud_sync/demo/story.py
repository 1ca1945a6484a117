"""One afternoon at a pharmacy, on real parts: a scanner, two refrigerators, a cable, a gateway and the ledger.

Each act ends with something checked against the ledger. If a check fails, the story ends with ``DemoFailed``.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cloud_sync.demo import telling
from cloud_sync.demo.gateway import NAME, Devices, Gateway, configured, devices, running_gateway
from cloud_sync.demo.ledger import DemoFailed, Ledger, running_ledger
from edge_agent.simulators.scanner import Glitch, label

GTIN = "00312345678906"
ITEM = "insulin-10ml"
WAIT_S = 30.0
LOOK_AGAIN_S = 0.1
SHELF_LIFE_DAYS = 60
READINGS_OF_WARMTH = 50
"""So many more readings in the journal than when the door was opened: longer than the policy's delay."""

POLICY_NAME = "demo-refrigerator"
POLICY = {
    "name": POLICY_NAME,
    "title": "Refrigerator, 2 to 8 °C, with a delay short enough for a story",
    "rules": [
        {
            "name": "high",
            "metric": "temp_c",
            "side": "above",
            "limit": 8.0,
            "on_limit_is_outside": False,
            "delay_s": 2.0,
            "hysteresis": 0.5,
            "source": "2 to 8 °C as in USP <659>; the delay of 2 s stands for 2 min of this story's refrigerators",
        },
        {
            "kind": "no_data",
            "name": "no-data",
            "metric": "temp_c",
            "after_s": 3600.0,
            "source": "60 min without a value is this story's choice",
        },
    ],
}
PLACES: tuple[dict[str, str], ...] = (
    {"name": "acme", "kind": "supplier", "title": "ACME Pharma"},
    {"name": "pharmacy", "kind": "site", "title": "Hospital pharmacy", "zone": "Europe/Berlin"},
    {"name": "dock", "kind": "room", "title": "Receiving dock", "parent": "pharmacy"},
    {
        "name": "fridge-a",
        "kind": "room",
        "title": "Refrigerator A",
        "parent": "pharmacy",
        "policy": "demo-refrigerator",
    },
    {
        "name": "fridge-b",
        "kind": "room",
        "title": "Refrigerator B",
        "parent": "pharmacy",
        "policy": "demo-refrigerator",
    },
    {"name": "ward-3", "kind": "ward", "title": "Ward 3"},
)


@dataclass(frozen=True, slots=True)
class Lots:
    """The four lots of the story, by what becomes of them, with their expiry dates."""

    stays: tuple[str, date]
    leaves: tuple[str, date]
    short: tuple[str, date]
    other: tuple[str, date]

    @classmethod
    def seen_from(cls, today: date) -> "Lots":
        """Expiry dates at the same distance from today, whenever the story is told."""
        return cls(
            stays=("LOT-STAYS", today + timedelta(days=120)),
            leaves=("LOT-LEAVES", today + timedelta(days=150)),
            short=("LOT-SHORT", today + timedelta(days=20)),
            other=("LOT-OTHER", today + timedelta(days=300)),
        )

    def all(self) -> tuple[tuple[str, date], ...]:
        """All of them."""
        return (self.stays, self.leaves, self.short, self.other)


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that takes part."""

    ledger: Ledger
    gateway: Gateway
    devices: Devices
    lots: Lots


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    """Start the ledger, introduce the gateway to it, and start the gateway."""
    telling.opening(
        "Lotwarden",
        "A hospital pharmacy with a receiving dock and two refrigerators. One gateway listens to a temperature "
        "probe in each refrigerator (Modbus TCP) and to a handheld scanner (serial line), and syncs to the ledger. "
        "Everything here is real but the devices, which are simulated byte by byte; a minute of the refrigerators "
        "passes in a second. Nothing is prepared: what you see is what the ledger answers.",
    )
    telling.note("starting the ledger (PostgreSQL included) ...")
    async with running_ledger(folder / "ledger") as ledger:
        port = urlsplit(ledger.url).port or 0
        async with devices(port, folder) as connected:
            await _introduce(ledger, configured(folder, connected))
            async with running_gateway(folder, connected) as gateway:
                yield Scene(ledger, gateway, connected, Lots.seen_from(datetime.now(UTC).date()))


async def tell(on: Scene) -> None:
    """The story from the first scan to the last trace. Raises ``DemoFailed`` where it is not true."""
    await _probes_are_heard(on)
    await _lots_arrive(on)
    await _one_lot_leaves(on)
    await _door_and_cable(on)
    await _everything_arrives_once(on)
    await _the_right_lots_are_held(on)
    await _a_pick_is_asked_for(on)
    await _a_lot_is_traced(on)


async def _introduce(ledger: Ledger, gateway: Gateway) -> None:
    identity = await gateway.command("identity")
    await ledger.post("administrator", "/v1/policies", POLICY)
    for place in PLACES:
        await ledger.post("administrator", "/v1/places", place)
    item = {"name": ITEM, "title": "Insulin 100 IU/ml, vial 10 ml", "base_unit": "vial", "gtins": [{"gtin": GTIN}]}
    await ledger.post("administrator", "/v1/items", item)
    body = {"name": identity["gateway"], "public_key": identity["public_key"]}
    await ledger.post("administrator", "/v1/gateways", body)
    await ledger.put("administrator", f"/v1/gateways/{NAME}/place", {"place": "dock"})
    telling.proved(f"the ledger runs at {ledger.url} and knows gateway {NAME} by its public key")


async def _probes_are_heard(on: Scene) -> None:
    telling.act(1, "The probes are heard", "The engineer says which probe hangs in which refrigerator.")

    async def heard() -> list[dict[str, Any]]:
        channels = await on.ledger.get("/v1/channels")
        return [channel for channel in channels if channel["metric"] == "temp_c" and channel["latest_at"]]

    channels = await _until("both probes are heard", heard, lambda found: len(found) == 2)
    for channel in channels:
        place = channel["device"].split("/")[0]
        await on.ledger.put("administrator", f"/v1/channels/{channel['id']}/place", {"place": place})
    telling.table(
        ["probe", "place", "now"],
        [(c["device"], c["device"].split("/")[0], f"{c['latest_value']:.1f} °C") for c in channels],
    )


async def _lots_arrive(on: Scene) -> None:
    telling.act(
        2,
        "Four lots are scanned in at the dock and put away",
        "Amy scans her badge, the action, the places, then the GS1 DataMatrix of each carton: 10 vials each.",
    )
    scanner = on.devices.scanner
    await scanner.scan_until_answered("LW.BADGE.amy", aim="]C0")
    await _scan(on, "LW.ACTION.RECEIVE", "LW.PLACE.acme", "LW.PLACE.dock")
    await scanner.scan("", glitch=Glitch.GARBAGE)
    if b"\x15" not in await scanner.hear():
        raise DemoFailed("line noise from the scanner was not refused")
    telling.note("line noise instead of a code: [red]bad beep[/red], nothing booked")
    await _book(on, *on.lots.all())
    await _scan(on, "LW.ACTION.PUT-AWAY", "LW.PLACE.dock", "LW.PLACE.fridge-a")
    await _book(on, on.lots.stays, on.lots.leaves)
    await _scan(on, "LW.ACTION.PUT-AWAY", "LW.PLACE.dock", "LW.PLACE.fridge-b")
    await _book(on, on.lots.short, on.lots.other)
    wanted = {
        on.lots.stays[0]: "fridge-a", on.lots.leaves[0]: "fridge-a",
        on.lots.short[0]: "fridge-b", on.lots.other[0]: "fridge-b",
    }  # fmt: skip
    stock = await _until("the ledger has booked it all", lambda: _stock(on), lambda found: _where(found) == wanted)
    telling.table(
        ["lot", "expires", "place", "vials"],
        [(s["lot_number"], s["expires_on"], s["place"], s["quantity"]) for s in stock],
    )


async def _one_lot_leaves(on: Scene) -> None:
    name = on.lots.leaves[0]
    telling.act(3, f"{name} goes from refrigerator A to B, before any trouble")
    await _scan(on, "LW.ACTION.MOVE", "LW.PLACE.fridge-a", "LW.PLACE.fridge-b")
    await _book(on, on.lots.leaves)
    await _until(f"{name} is in B", lambda: _stock(on), lambda found: _where(found)[name] == "fridge-b")
    telling.proved(f"{name} is in refrigerator B")


async def _door_and_cable(on: Scene) -> None:
    telling.act(
        4,
        "The door of A is left open, and the network is cut",
        "The gateway goes on measuring, and the dock goes on scanning. The ledger hears nothing of it.",
    )
    await on.devices.cable.cut()
    on.devices.fridge_a.open_door()
    cold = on.devices.fridge_a.air().temp_c
    before = await on.gateway.waiting()
    await _scan(on, "LW.ACTION.DISPENSE", "LW.PLACE.fridge-b", "LW.PLACE.ward-3")
    await _book(on, on.lots.other, quantity=2)
    telling.note(
        f"offline: 2 vials of {on.lots.other[0]} dispensed to ward 3, [green]good beep[/green]: they are on disk"
    )
    await _until_true("refrigerator A is far too warm", lambda: on.devices.fridge_a.air().temp_c > 10)
    during = await _until(
        "the journal has grown by seconds of warmth",
        on.gateway.waiting,
        lambda waiting: waiting["readings"] >= before["readings"] + READINGS_OF_WARMTH and waiting["scans"] > 0,
    )
    warm = on.devices.fridge_a.air().temp_c
    telling.table(
        ["", "refrigerator A", "readings waiting", "scans waiting"],
        [
            ("network just cut", f"{cold:.1f} °C", before["readings"], before["scans"]),
            ("some seconds later", f"{warm:.1f} °C", during["readings"], during["scans"]),
        ],
    )
    if await on.ledger.get("/v1/excursions"):
        raise DemoFailed("the ledger knows of an excursion that it cannot have heard of")
    telling.proved("the journal grows on the gateway's disk; the ledger knows of no excursion yet")
    on.devices.fridge_a.close_door()
    await _until_true("refrigerator A is cold again", lambda: on.devices.fridge_a.air().temp_c < 7)
    telling.note("the door is closed again; A is back below 7.5 °C before the network is")


async def _everything_arrives_once(on: Scene) -> None:
    telling.act(5, "The network returns, and everything arrives once")
    await on.devices.cable.mend()

    async def excursions() -> Any:
        return await on.ledger.get("/v1/excursions")

    found = await _until("the excursion is there, from beginning to end", excursions, lambda e: e and e[0]["ended_at"])
    await _until("nothing is missing", lambda: _missing(on), lambda missing: not missing)
    (gateway,) = await on.ledger.get("/v1/gateways")
    telling.table(
        ["lane", "records at the ledger", "batches", "missing"],
        [
            (lane["lane"], f"{lane['first_seq']} to {lane['last_seq']}", lane["batches"], "none")
            for lane in gateway["lanes"]
        ],
    )
    if len(found) != 1 or found[0]["place"] != "fridge-a":
        raise DemoFailed(f"one excursion in refrigerator A was to be found, not {found}")
    telling.proved(
        f"one excursion, in {found[0]['place']}: above 8 °C from {_time(found[0]['began_at'])} to "
        f"{_time(found[0]['ended_at'])}, worst {found[0]['worst']:.1f} °C"
    )


async def _the_right_lots_are_held(on: Scene) -> None:
    telling.act(6, "The lots that were there are on hold, and only those")
    stock = await _stock(on)
    telling.table(
        ["lot", "place", "vials", "may it be issued?"],
        [(s["lot_number"], s["place"], s["quantity"], _why_not(s)) for s in stock],
    )
    holds = {(hold["lot_number"], hold["place"]) for hold in await on.ledger.get("/v1/holds")}
    if holds != {(on.lots.stays[0], "fridge-a")}:
        raise DemoFailed(f"only {on.lots.stays[0]} in refrigerator A was to be on hold, not {holds}")
    telling.proved(f"{on.lots.stays[0]} is on hold; what left A in time, and what was in B, is not")


async def _a_pick_is_asked_for(on: Scene) -> None:
    telling.act(
        7,
        f"Ward 3 asks for 8 vials with at least {SHELF_LIFE_DAYS} days of life",
        "First expired, first out, among what may be issued; what is passed over is explained.",
    )
    demand = {
        "client_id": str(uuid.uuid4()), "item": ITEM, "quantity": 8, "demand": "WARD3-1",
        "shelf_life_min_days": SHELF_LIFE_DAYS,
    }  # fmt: skip
    answer = await on.ledger.post("operator", "/v1/allocations", demand)
    rows = [("[red]skipped", s["lot_number"], s["expires_on"], _why_not(s)) for s in answer["skipped"]]
    rows += [
        ("[green]reserved", f"{r['lot_number']} ({r['quantity']} vials, {r['place']})", r["expires_on"], "")
        for r in answer["reservations"]
    ]
    telling.table(["", "lot", "expires", "why"], rows)
    if [r["lot_number"] for r in answer["reservations"]] != [on.lots.leaves[0]] or answer["missing"]:
        raise DemoFailed(f"{on.lots.leaves[0]} was to be reserved, not {answer}")
    if [s["lot_number"] for s in answer["skipped"]] != [on.lots.short[0], on.lots.stays[0]]:
        raise DemoFailed(f"two lots were to be skipped with reasons, not {answer['skipped']}")
    telling.proved(f"{on.lots.leaves[0]} is the first-expiring lot that may be issued")


async def _a_lot_is_traced(on: Scene) -> None:
    name = on.lots.other[0]
    telling.act(8, f"{name} is traced both ways, from the supplier to the ward")
    (lot,) = await on.ledger.get("/v1/lots", lot_number=name)
    trace = await on.ledger.get(f"/v1/lots/{lot['id']}/trace")
    telling.console.print(telling.trace_tree(trace))
    from_places = {end["from_place"] for end in trace["backward"]["ends"]}
    to_places = {end["to_place"] for end in trace["forward"]["ends"]}
    if (from_places, to_places) != ({"acme"}, {"ward-3"}):
        raise DemoFailed(f"the trace was to lead from acme to ward-3, not from {from_places} to {to_places}")
    telling.proved("the 2 vials dispensed while the network was down are in the trace")


async def _scan(on: Scene, *codes: str) -> None:
    """Scan plain codes one after the other, each with a good beep."""
    for code in codes:
        await _beep(on, code, aim="]C0")


async def _book(on: Scene, *lots: tuple[str, date], quantity: int = 10) -> None:
    """Scan a carton of each lot with its quantity, and commit."""
    for name, expiry in lots:
        await _beep(on, label(GTIN, name, expiry))
        await _beep(on, f"LW.QTY.{quantity}", aim="]C0")
    await _beep(on, "LW.COMMIT", aim="]C0")


async def _beep(on: Scene, code: str, aim: str | None = None) -> None:
    scanner = on.devices.scanner
    scanner.listen()
    await scanner.scan(code, aim=aim)
    if b"\x06" not in (heard := await scanner.hear(WAIT_S)):
        raise DemoFailed(f"the dock answered {code!r} with {heard!r} instead of a good beep; see {on.gateway.log}")


async def _stock(on: Scene) -> list[dict[str, Any]]:
    stock: list[dict[str, Any]] = await on.ledger.get("/v1/stock", item=ITEM)
    return stock


def _where(stock: list[dict[str, Any]]) -> dict[str, str]:
    return {row["lot_number"]: row["place"] for row in stock}


async def _missing(on: Scene) -> bool:
    """Whether the ledger still misses records, or the gateway still waits to send what was recorded in the outage."""
    (gateway,) = await on.ledger.get("/v1/gateways")
    waiting = await on.gateway.waiting()
    return bool(gateway["gaps"]) or waiting["scans"] > 0


def _why_not(stock: dict[str, Any]) -> str:
    return "; ".join(reason["text"] for reason in stock["reasons"]) or "[green]yes"


def _time(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone():%H:%M:%S}"


async def _until(what: str, ask: Callable[[], Awaitable[Any]], is_so: Callable[[Any], Any]) -> Any:
    """The answer once it is as wanted. Raises ``DemoFailed`` with the last one if it takes too long."""
    answer = None
    try:
        async with asyncio.timeout(WAIT_S):
            while not is_so(answer := await ask()):  # noqa: ASYNC110 - another process has to be asked again
                await asyncio.sleep(LOOK_AGAIN_S)
    except TimeoutError:
        raise DemoFailed(f"waited {WAIT_S:.0f} s until {what}; the last answer was {answer}") from None
    return answer


async def _until_true(what: str, is_so: Callable[[], bool]) -> None:
    async def ask() -> bool:
        return is_so()

    await _until(what, ask, bool)
