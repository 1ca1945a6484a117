"""``./dev cluster demo``: the whole of it on one machine; one of each is killed while you watch.

Three brokers, three ledgers, three databases and fifty simulated gateways. It ends with 0 only if nothing was lost,
nothing is there twice, no receipt was false, and everything is held that the reference model holds, and nothing else.
"""

import sys
import time
from typing import Annotated

import typer

from cloud_sync.demo import telling
from tests.cluster.house_of_machines import House, house
from tests.cluster.network import Machine, enter_own_network
from tests.cluster.rounds import BACK_WITHIN_S, PATIENCE_S, wait_until_whole
from tests.cluster.simulated_gateways import Verdict, judge
from tests.support.builders import Ledger


def main(gateways: Annotated[int, typer.Option(help="Simulated gateways.")] = 50, seed: int = 1) -> None:
    """Start all of it, kill one of each, and say what happened."""
    if (code := enter_own_network("tests.cluster.demo", sys.argv[1:])) is not None:
        raise typer.Exit(code)
    telling.opening(
        "A cluster on this machine",
        f"Three brokers, three ledgers, three databases, {gateways} gateways: each broker, ledger and database is a "
        "machine of its own on a network of this program. One of each loses its power. Gateways go on sending.",
    )
    telling.note("starting the databases, the brokers and the ledgers ...")
    with house(gateways, seed, 3.0) as on:
        verdict, longest_s = _story(on)
    _told(verdict, longest_s)
    if not verdict.is_good or longest_s > BACK_WITHIN_S:
        raise typer.Exit(1)
    telling.console.print("\n[bold green]Nothing was lost, nothing is there twice, no receipt was false.[/bold green]")


def _story(on: House) -> tuple[Verdict, float]:
    telling.act(1, "All of it runs", "Every gateway has had a receipt of a ledger before anything is harmed.")
    _wait_for_all(on, [0] * len(on.fleet.gateways))
    telling.proved(f"{len(on.fleet.gateways)} gateways send, {on.fleet.receipts} batches are acknowledged")
    leader, primary = on.brokers.leader(), on.databases.primary()
    assert primary is not None
    victims = (
        ("the broker that leads the stream", next(m for m in on.broker_machines if m.name == leader)),
        ("a ledger", on.ledgers[0]),
        ("the database that writes", primary),
    )
    longest_s = 0.0
    for number, (what, machine) in enumerate(victims, start=2):
        telling.act(number, f"{machine.name} loses its power", f"It is {what}.")
        longest_s = max(longest_s, _killed(on, machine))
    wait_until_whole(on)
    on.fleet.stop()
    return judge(Ledger(on.database), on.fleet.gateways), longest_s


def _killed(on: House, machine: Machine) -> float:
    """Kill it for good, wait for every gateway, start it again; gives how long there was no receipt."""
    before = on.fleet.receipts
    machine.kill()
    on.down.add(machine.name)
    began_s = time.monotonic()
    _wait_for_all(on, on.fleet.counts())
    took_s = time.monotonic() - began_s
    gap_s, came = on.fleet.longest_gap_s(began_s), on.fleet.receipts - before
    telling.proved(f"{gap_s:.1f} s without any receipt; after {took_s:.1f} s every gateway had two; {came} in all")
    on.start(machine)
    on.down.discard(machine.name)
    telling.note(f"{machine.name} is started again")
    return gap_s


def _wait_for_all(on: House, counts: list[int]) -> None:
    """Until each has two receipts more: the first may have been on its way."""
    began_s = time.monotonic()
    while not on.fleet.all_served_since(counts):
        on.keep_running()
        assert time.monotonic() - began_s < PATIENCE_S, "gateways get no receipts"
        time.sleep(0.05)


def _told(verdict: Verdict, longest_s: float) -> None:
    telling.act(5, "What came of it", "Compared with what the gateways sent, were told, and with the reference model.")
    telling.table(
        ("", "", "has to be"),
        (
            ("batches kept", verdict.batches, ""),
            ("lots held", verdict.held, ""),
            ("batches lost", verdict.lost, 0),
            ("twice", verdict.twice, 0),
            ("receipts without a batch", verdict.false_receipts, 0),
            ("differences from the reference model", len(verdict.differences), 0),
            ("longest without any receipt", f"{longest_s:.1f} s", f"<= {BACK_WITHIN_S:.0f} s"),
        ),
    )
    for each in verdict.differences:
        telling.note(each)


if __name__ == "__main__":
    typer.run(main)
