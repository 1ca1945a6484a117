"""A gateway at the broker that wants the batches of others."""

import asyncio
import logging
import threading
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.integration.edge.uplink.test_mqtt import (
    IDENTITY,
    Ledger,
    Outcome,
    Store,
    credentials,
    door_at,
    example_broker,
    running,
    units,
    uplink_to,
)
from tests.support.brokers import Mosquitto

GUESSES = ("lotwarden", "ledger", "cloud-sync", "")
PATIENCE_S = 30


class Swallower:
    """A gateway that subscribes, with its own password, in every group that it can think of."""

    def __init__(self, url: str, ca_file: Path) -> None:
        self.heard: list[bytes] = []
        ready = threading.Semaphore(0)
        client = Client(CallbackAPIVersion.VERSION2, client_id="gw-other", protocol=MQTTProtocolVersion.MQTTv5)
        client.username_pw_set("gw-other", "o-secret")
        client.tls_set(str(ca_file))
        client.on_message = lambda _c, _u, message: self.heard.append(bytes(message.payload))
        client.on_subscribe = lambda *_: ready.release()
        client.on_connect = lambda c, *_: [
            c.subscribe(f"$share/{group}/lotwarden/+/batches", qos=1) for group in GUESSES if group
        ]
        host, port = url.removeprefix("mqtts://").split(":")
        client.connect(host, int(port))
        client.loop_start()
        for group in GUESSES:
            assert not group or ready.acquire(timeout=PATIENCE_S)
        self._client = client

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


async def test_a_gateway_in_a_group_of_ledgers_swallows_nothing(tmp_path: Path) -> None:
    store = Store(Ledger(IDENTITY.verify))
    ours, ledgers = credentials(tmp_path, "gw-test", "g-secret"), credentials(tmp_path, "ledger", "l-secret")
    async with (
        example_broker("mosquitto", tmp_path) as (url, ca_file),
        door_at(store, url=url, ca_file=ca_file, credentials_file=ledgers),
    ):
        swallower = await asyncio.to_thread(Swallower, url, ca_file)
        uplink = uplink_to(url, ca_file=ca_file, credentials_file=ours)
        for unit in units(tmp_path, 12):
            assert {receipt.outcome for receipt in await uplink.send([unit])} == {Outcome.STORED}
        assert swallower.heard == []
        await asyncio.to_thread(swallower.stop)


async def test_a_broker_with_a_smaller_limit_than_a_batch_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(Ledger(IDENTITY.verify))
    small = "listener PORT 127.0.0.1\nallow_anonymous true\nmax_packet_size 100000\n"
    async with running(Mosquitto(tmp_path / "broker", small)) as broker:
        with caplog.at_level(logging.WARNING):
            async with door_at(store, url=broker.url):
                pass
    (told,) = [record.getMessage() for record in caplog.records if "takes messages of" in record.getMessage()]
    assert "100000 bytes at most" in told and "max_packet_size" in told
