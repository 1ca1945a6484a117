"""The desk from a real ledger over a real socket to a real gateway, and everything that can go wrong between."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from threading import Thread
from uuid import uuid4

import httpx
import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_sync.actions.gateways.desk import Asked, desk_for, place_gateway, put_operator
from cloud_sync.actions.gateways.gateways import revoke_gateway
from cloud_sync.actions.gateways.release_files import ReleaseFolder
from cloud_sync.actions.master_data.records import keep_record
from cloud_sync.actions.orders.orders import Asked as OrderedLine
from cloud_sync.actions.orders.orders import NewOrder, request_order, take_step
from cloud_sync.app import create_app
from cloud_sync.domain.master_records import SupplierRecord
from cloud_sync.domain.orders import OrderKind, OrderStep
from cloud_sync.domain.roles import Role
from cloud_sync.errors import Conflict, NotFound, NotKnown
from cloud_sync.storage.database import Database
from edge_agent.buffer.desk_store import Desk
from edge_agent.config.model import UplinkSection
from edge_agent.domain.stock.badges import badge_digest, is_pin
from edge_agent.domain.stock.desk import TAKEN_AT_HEADER, desk_etag, desk_json, desk_of
from edge_agent.domain.stock.eligibility import HoldKind
from edge_agent.domain.wire.records import Action
from edge_agent.domain.wire.request_signing import signed_words, written
from edge_agent.errors import LinkDown, Refused
from edge_agent.timekeeping.clock import ManualClock
from edge_agent.uplink.desk_client import DeskClient
from tests.integration.conftest import Said
from tests.support.builders import GatewayWithKey, Ledger, line, minute, reading, scan
from tests.support.desk_parts import SITE, desk_from
from tests.support.people import opened_account

NOW = datetime(2026, 3, 1, 13, tzinfo=UTC)


@contextmanager
def served(database: Database, *, now: datetime = NOW, releases: ReleaseFolder | None = None) -> Iterator[str]:
    """A ledger's API on a socket of the system's choice."""
    app = create_app(database, clock=lambda: now, release_folder=releases)
    config = uvicorn.Config(app, port=0, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def client_of(url: str, gateway: GatewayWithKey, *, now: datetime = NOW) -> DeskClient:
    return DeskClient(UplinkSection(url=url, timeout_s=60), gateway.name, gateway.key.sign, ManualClock(now))


def a_stocked_site(ledger: Ledger, gateway: GatewayWithKey, say: Said) -> None:
    place_gateway(ledger.database, gateway.name, "fridge-a", actor="test")
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10, "L1"), line(5, "L2")))


async def test_a_desk_knows_open_orders_and_suppliers(ledger: Ledger, gateway: GatewayWithKey, say: Said) -> None:
    a_stocked_site(ledger, gateway, say)
    acme = SupplierRecord(name="acme", status="suspended", note="audit")
    keep_record(ledger.database, "suppliers", acme, reason="audit", at=NOW, actor="amy")
    numbers = [
        request_order(ledger.database, new, client_id=uuid4(), actor="amy")["number"]
        for new in (
            NewOrder(OrderKind.PURCHASE, "acme", "dock", (OrderedLine("insulin", 4),)),
            NewOrder(OrderKind.REQUISITION, "site", "st-mary", (OrderedLine("insulin", 4),)),
        )
    ]
    with served(ledger.database) as url:
        before = (await client_of(url, gateway).fetch(None)).snapshot
        take_step(ledger.database, numbers[0], OrderStep.APPROVED, "needed", at=NOW, actor="bob")
        ledger.run("UPDATE supplier SET status = 'qualified', note = ''")
        take_step(ledger.database, numbers[0], OrderStep.ORDERED, "by telephone", at=NOW, actor="amy")
        say(scan(minute(3), Action.RECEIVE, "acme", "dock", line(3), order=numbers[0]))
        say(scan(minute(4), Action.SHIP, "fridge-a", "st-mary", line(4), order=numbers[1]))
        after = (await client_of(url, gateway).fetch(None)).snapshot
    assert [(s.place, s.qualified, s.text) for s in before.suppliers] == [("acme", False, "suspended: audit")]
    assert [(order.number, order.kind, order.partner) for order in before.orders] == [(numbers[1], "issue", "st-mary")]
    (order,) = after.orders
    assert (order.number, order.kind, order.partner) == (numbers[0], "receipt", "acme")
    assert [(each.item, each.quantity, each.done) for each in order.lines] == [("insulin", 4, 3)]


async def test_a_desk_holds_the_sites_stock_holds_badges_and_channels(
    ledger: Ledger, gateway: GatewayWithKey, say: Said
) -> None:
    a_stocked_site(ledger, gateway, say)
    ledger.add_place("annex", "site")
    for name, badge, sites in (("amy", "b-1", ["site"]), ("ben", "b-2", ["annex"]), ("cyd", "b-3", None)):
        put_operator(ledger.database, name, badge, active=True, actor="test", sites=sites)
    put_operator(ledger.database, "amy", "b-1", active=True, actor="test", pin="2580")
    put_operator(ledger.database, "amy", "b-1", active=True, actor="test")  # it stays
    say(reading(minute(1), 5.0), reading(minute(2), 12.0))
    with served(ledger.database) as url:
        desk = await client_of(url, gateway).fetch(None)
    snapshot = desk.snapshot
    assert (snapshot.gateway, snapshot.site) == ("gw-1", "site")
    assert [(lot.number, [(b.place, b.quantity) for b in lot.balances]) for lot in snapshot.lots] == [
        ("L1", [("fridge-a", 10)]),
        ("L2", [("fridge-a", 5)]),
    ]
    assert {block.kind for lot in snapshot.lots for block in lot.blocks} == {HoldKind.EXPOSURE}
    assert {operator.name: operator.badge for operator in snapshot.operators} == {
        name: badge_digest(badge, snapshot.badge_salt) for name, badge in (("amy", "b-1"), ("cyd", "b-3"))
    }
    assert b'"b-1"' not in desk_json(snapshot)
    pins = {operator.name: operator.pin for operator in snapshot.operators}
    assert pins["cyd"] is None and pins["amy"] is not None and is_pin(pins["amy"], "2580")
    assert {channel.place for channel in snapshot.channels} == {"fridge-a", "fridge-b"}
    assert {place.name: place.path for place in snapshot.places}["fridge-a"] == ("site", "fridge-a")
    assert [policy.name for policy in snapshot.policies] == ["cold"]
    assert desk.taken_at == NOW


def test_a_badge_does_not_count_before_the_training_for_its_persons_roles_is_complete(
    ledger: Ledger, gateway: GatewayWithKey, say: Said
) -> None:
    a_stocked_site(ledger, gateway, say)
    for name, roles in (("amy", [Role.OPERATOR]), ("ben", [Role.OPERATOR, Role.RECEIVER]), ("cyd", [])):
        put_operator(ledger.database, name, f"b-{name}", active=True, actor="test")
        if roles:
            opened_account(ledger.database, name, *roles)
    ledger.run_as_owner(
        f"""INSERT INTO sop (code, version, title, reference, sha256, body, effective_from, proposed_by, approved_by)
            VALUES ('SOP-7', 2, 'At the dock', '', '', 'Look first.', '{NOW - timedelta(days=9)}', 'a', 'b');
            INSERT INTO training_requirement (role, code, grace_days, required_since, set_by)
            VALUES ('operator', 'SOP-7', 5, '{NOW - timedelta(days=9)}', 'b')"""
    )

    def badges(at: datetime) -> dict[str, tuple[bool, str]]:
        snapshot = desk_of(desk_for(ledger.database, asked(gateway, at=at, nonce=uuid4().hex), now=at))
        return {each.name: (each.active, each.why_not) for each in snapshot.operators}

    counts = (True, "")
    assert badges(NOW - timedelta(days=5)) == dict.fromkeys(("amy", "ben", "cyd"), counts), "days of grace"
    late = (False, "read and sign SOP-7 version 2 first")
    assert badges(NOW) == {"amy": late, "ben": counts, "cyd": counts}, "ben is a receiver, too; cyd has no account"


async def test_a_desk_names_the_scans_of_its_gateway_that_could_not_be_booked(
    ledger: Ledger, gateway: GatewayWithKey, say: Said
) -> None:
    a_stocked_site(ledger, gateway, say)
    other = GatewayWithKey("gw-2")
    other.register(ledger.database)
    place_gateway(ledger.database, "gw-2", "fridge-a", actor="test")
    say(scan(minute(3), Action.RECEIVE, "acme", "dock", line(1, lot=None)))
    with served(ledger.database) as url:
        desk = await client_of(url, gateway).fetch(None)
        (case,) = desk.snapshot.not_booked
        assert (case.kind, case.operator, case.at) == ("missing_lot", "amy", minute(3))
        assert "names no lot" in case.text
        assert (await client_of(url, other).fetch(None)).snapshot.not_booked == ()
        ledger.run("UPDATE exception_case SET resolved_at = now(), resolved_by = 'quinn'")
        assert (await client_of(url, gateway).fetch(desk)).snapshot.not_booked == ()


async def test_while_nothing_changes_the_answer_is_304_and_only_the_age_is_new(
    ledger: Ledger, gateway: GatewayWithKey, say: Said
) -> None:
    a_stocked_site(ledger, gateway, say)
    with served(ledger.database) as url:
        first = await client_of(url, gateway).fetch(None)
    with served(ledger.database, now=NOW + timedelta(minutes=1)) as url:
        client = client_of(url, gateway, now=NOW + timedelta(minutes=1))
        again = await client.fetch(first)
        assert (again.etag, again.taken_at) == (first.etag, NOW + timedelta(minutes=1))
        assert again.snapshot is first.snapshot
        say(scan(minute(5), Action.MOVE, "fridge-a", "fridge-b", line(1, "L1")))
        changed = await client.fetch(again)
    assert changed.etag != first.etag


async def test_a_gateway_whose_clock_is_years_off_learns_the_time_and_gets_its_desk(
    ledger: Ledger, gateway: GatewayWithKey, say: Said
) -> None:
    a_stocked_site(ledger, gateway, say)
    with served(ledger.database) as url:
        desk = await client_of(url, gateway, now=datetime(1970, 1, 1, tzinfo=UTC)).fetch(None)
    assert desk.taken_at == NOW


async def test_a_stranger_a_revoked_gateway_and_one_without_a_place_get_nothing(
    ledger: Ledger, gateway: GatewayWithKey
) -> None:
    ledger.run("UPDATE gateway SET place_id = NULL")
    with served(ledger.database) as url:
        with pytest.raises(Refused, match="gateway gw-1 has no location assigned"):
            await client_of(url, gateway).fetch(None)
        place_gateway(ledger.database, "gw-1", "fridge-a", actor="test")
        with pytest.raises(Refused, match="401"):
            await client_of(url, GatewayWithKey()).fetch(None)
        revoke_gateway(ledger.database, "gw-1", "stolen", actor="test")
        with pytest.raises(Refused, match="401"):
            await client_of(url, gateway).fetch(None)
        async with httpx.AsyncClient(trust_env=False) as plain:
            assert (await plain.get(f"{url}/v1/desk?gateway=gw-1")).status_code == 401


def asked(gateway: GatewayWithKey, *, at: datetime = NOW, nonce: str = "0" * 32, path: str = "/v1/desk") -> Asked:
    signature = gateway.key.sign(signed_words(gateway.name, "GET", path, written(at), nonce))
    return Asked(gateway.name, written(at), nonce, base64.b64encode(signature).decode(), "GET", "/v1/desk")


def test_a_request_counts_once_only_near_its_time_and_only_for_what_it_was_signed(
    ledger: Ledger, gateway: GatewayWithKey
) -> None:
    place_gateway(ledger.database, "gw-1", "fridge-a", actor="test")
    assert desk_for(ledger.database, asked(gateway), now=NOW)
    for wrong in (
        asked(gateway),
        asked(gateway, nonce="1" * 32, at=NOW - timedelta(seconds=301)),
        asked(gateway, nonce="1" * 32, at=NOW + timedelta(seconds=301)),
        asked(gateway, nonce="1" * 32, path="/v1/lots"),
        asked(gateway, nonce="short"),
        Asked("gw-1", "yesterday", "1" * 32, "AAAA", "GET", "/v1/desk"),
        Asked("gw-1", written(NOW), "1" * 32, "not base64!", "GET", "/v1/desk"),
    ):
        with pytest.raises(NotKnown):
            desk_for(ledger.database, wrong, now=NOW)
    assert desk_for(ledger.database, asked(gateway, nonce="1" * 32), now=NOW), "what was refused used up no number"


def test_the_replay_guard_forgets_what_time_refuses_anyway(ledger: Ledger, gateway: GatewayWithKey) -> None:
    place_gateway(ledger.database, "gw-1", "fridge-a", actor="test")
    for number in range(3):
        later = NOW + timedelta(minutes=11 * number)
        desk_for(ledger.database, asked(gateway, at=later, nonce=f"{number:032d}"), now=later)
    with ledger.database.transaction() as connection:
        row = connection.execute("SELECT count(*) AS n FROM gateway_nonce").fetchone()
    assert row == {"n": 1}


def test_one_badge_has_one_owner_and_places_must_exist(ledger: Ledger) -> None:
    put_operator(ledger.database, "amy", "b-1", active=True, actor="test")
    put_operator(ledger.database, "amy", "b-1", active=False, actor="test")
    with pytest.raises(Conflict):
        put_operator(ledger.database, "ben", "b-1", active=True, actor="test")
    with pytest.raises(NotFound):
        place_gateway(ledger.database, "gw-1", "nowhere", actor="test")
    with pytest.raises(NotFound):
        place_gateway(ledger.database, "gw-9", "fridge-a", actor="test")


@asynccontextmanager
async def answering(raw: bytes) -> AsyncIterator[str]:
    """A server that gives the same bytes to everybody, and hangs up."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


def http(status: str, body: bytes, *headers: str) -> bytes:
    head = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", "connection: close", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


TAKEN = f"{TAKEN_AT_HEADER}: {written(NOW)}"
FOREIGN = desk_json(SITE)
NO_DESKS = (
    "500", "portal", "empty", "foreign", "half", "no-time", "bad-time", "bare-304", "redirect", "cut", "noise", "eof",
)  # fmt: skip


@pytest.mark.parametrize(
    "raw",
    [
        http("500 Oops", b"later"),
        http("200 OK", b"<html>Please sign in to the guest network</html>", TAKEN),
        http("200 OK", b"", TAKEN),
        http("200 OK", FOREIGN, TAKEN),
        http("200 OK", FOREIGN[: len(FOREIGN) // 2], TAKEN),
        http("200 OK", FOREIGN.replace(b"gw-test", b"gw-1")),
        http("200 OK", FOREIGN.replace(b"gw-test", b"gw-1"), f"{TAKEN_AT_HEADER}: yesterday"),
        http("304 Not Modified", b""),
        http("302 Found", b"", "location: http://127.0.0.1:9/", TAKEN),
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n{",
        b"\x16\x03\x01 garbage",
        b"",
    ],
    ids=NO_DESKS,
)  # fmt: skip
async def test_whatever_is_no_desk_is_a_link_that_is_down(raw: bytes) -> None:
    gateway = GatewayWithKey(key=Ed25519PrivateKey.generate())
    known: Desk = desk_from(SITE, ManualClock(NOW))
    async with answering(raw) as url:
        with pytest.raises(LinkDown):
            await client_of(url, gateway).fetch(known)


async def test_the_entity_tag_is_that_of_the_bytes() -> None:
    body = FOREIGN.replace(b"gw-test", b"gw-1")
    async with answering(http("200 OK", body, TAKEN)) as url:
        desk = await client_of(url, GatewayWithKey()).fetch(None)
    assert desk.etag == desk_etag(body)


def test_a_pin_is_told_without_its_digits_and_taken_away(ledger: Ledger) -> None:
    put_operator(ledger.database, "amy", "b-1", active=True, actor="test", pin="2580")
    put_operator(ledger.database, "amy", "b-1", active=True, actor="test", pin="")
    events = ledger.events("operator_put")
    assert [event["data"]["pin"] for event in events] == ["set", "removed"]
    assert "2580" not in str(events)
    assert [row["pin"] for row in ledger.rows("SELECT pin FROM operator")] == [None]


def test_a_changed_badge_is_told_with_the_one_before(ledger: Ledger) -> None:
    put_operator(ledger.database, "amy", "b-1", active=True, actor="test")
    put_operator(ledger.database, "amy", "b-2", active=True, actor="test")
    assert [event["data"]["before"] for event in ledger.events("operator_put")] == [
        None,
        {"badge": "b-1", "active": True},
    ]


def test_a_gateway_that_moves_is_told_with_where_it_stood(ledger: Ledger) -> None:
    for place in ("dock", "site"):
        place_gateway(ledger.database, "gw-1", place, actor="test")
    told = [(event["data"]["before"], event["data"]["place"]) for event in ledger.events("gateway_placed")]
    assert told[-1] == ("dock", "site")
