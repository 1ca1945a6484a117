"""Rounds of random kills, pauses and cut links over three brokers, three ledgers and three databases.

``python -m tests.cluster.rounds --rounds N --seed S`` prints what happened, and ends with 0 only if nothing was lost,
nothing is there twice, no receipt was false, and everything is held that the reference model holds, and nothing else.
Each round harms one to three machines, at most one of a kind, lets gateways send meanwhile, puts everything right
again, and waits until every gateway has receipts for what it said since. The same seed gives the same rounds.
"""

import json
import sys
import time
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Annotated

import typer

from tests.cluster.house_of_machines import House, house
from tests.cluster.network import Machine, enter_own_network
from tests.cluster.simulated_gateways import Verdict, judge
from tests.support.builders import Ledger

HARMS = ("kill", "pause", "cut", "cut between")
SHORT_S = (0.5, 4.0)
LONG_S = (24.0, 28.0)
"""Long enough for another server to take over (Patroni's ttl is 20 s)."""
LONG_SHARE = 0.1
BACK_WITHIN_S = 30.0
PATIENCE_S = 150.0


@dataclass(frozen=True)
class Harm:
    """What is done to a machine; ``other`` is whom it is cut off from, if not from all."""

    kind: str
    machine: str
    other: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.machine}" + (f" and {self.other}" if self.other else "")


@dataclass
class Run:
    """How far it came: rounds done, the longest time without any receipt, and, where that was asked for, after how long
    something was acknowledged again when the database that writes was killed, and when it was paused."""

    rounds: int = 0
    longest_s: float = 0.0
    back_s: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Round:
    """Harms at once, and how long until they are put right."""

    harms: tuple[Harm, ...]
    seconds: float


def planned(random: Random) -> Round:
    """Any one to three kinds of machines, one of each."""
    kinds = random.sample(("broker", "ledger", "database"), random.choice((1, 1, 1, 2, 3)))
    harms = []
    for kind in kinds:
        harm, machine = random.choice(HARMS), f"{kind}-{random.randint(1, 3)}"
        other = ""
        if harm == "cut between":
            other = random.choice([f"{k}-{n}" for k in ("broker", "ledger", "database") for n in (1, 2, 3)])
            harm, other = ("cut", "") if other == machine else (harm, other)
        harms.append(Harm(harm, machine, other))
    is_long = "database" in kinds and random.random() < LONG_SHARE
    return Round(tuple(harms), random.uniform(*(LONG_S if is_long else SHORT_S)))


def run_round(running: House, each: Round) -> tuple[float, float]:
    """Do it; gives how many seconds nothing was written at the longest, and after how many seconds of the harm every
    gateway had receipts again for what it said since."""
    machines = {machine.name: machine for machine in running.machines}
    began_s = time.monotonic()
    counts = running.fleet.counts()
    for harm in each.harms:
        _harm(machines, harm)
        running.down.add(harm.machine)
    while time.monotonic() - began_s < each.seconds:
        running.keep_running()
        time.sleep(0.1)
    healed_s = time.monotonic()
    is_served = running.fleet.all_served_since(counts)
    for harm in each.harms:
        _put_right(running, machines, harm)
        running.down.discard(harm.machine)
    counts = running.fleet.counts()
    while not running.fleet.all_served_since(counts):
        running.keep_running()
        assert time.monotonic() - healed_s < PATIENCE_S, f"no receipts {PATIENCE_S:.0f} s after {each}"
        time.sleep(0.05)
    return running.fleet.longest_gap_s(began_s), each.seconds if is_served else time.monotonic() - began_s


def _harm(machines: dict[str, Machine], harm: Harm) -> None:
    machine = machines[harm.machine]
    match harm.kind:
        case "kill":
            machine.kill()
        case "pause":
            machine.pause()
        case "cut":
            machine.cut()
        case _:
            machine.cut_from(machines[harm.other])


def _put_right(running: House, machines: dict[str, Machine], harm: Harm) -> None:
    machine = machines[harm.machine]
    match harm.kind:
        case "kill":
            running.start(machine)
        case "pause":
            machine.go_on()
        case "cut":
            machine.mend()
        case _:
            machine.join(machines[harm.other])


def back_after(running: House, kind: str) -> float:
    """Kill or pause the database that writes, and leave it so until something is acknowledged again; gives after how
    many seconds that was."""
    wait_until_whole(running)
    primary = running.databases.primary()
    assert primary is not None
    machines, harm = {machine.name: machine for machine in running.machines}, Harm(kind, primary.name)
    began_s, counts = time.monotonic(), running.fleet.counts()
    _harm(machines, harm)
    running.down.add(primary.name)
    # The first receipt may have been on its way; the second of a gateway is for what it sent since.
    while not running.fleet.is_any_served_since(counts):
        running.keep_running()
        assert time.monotonic() - began_s < PATIENCE_S, f"nothing is written {PATIENCE_S:.0f} s after {harm}"
        time.sleep(0.05)
    took_s = time.monotonic() - began_s
    _put_right(running, machines, harm)
    running.down.discard(primary.name)
    print(f"{harm}, which wrote: the first receipt came after {took_s:.1f} s", flush=True)
    return took_s


def wait_until_whole(running: House) -> None:
    """The databases need all three again, before one may be taken away: with two, each would be the one too many."""
    began_s = time.monotonic()
    while not running.databases.is_whole:
        running.keep_running()
        assert time.monotonic() - began_s < PATIENCE_S, (
            f"the databases do not come together again: {running.databases.last_words()}"
        )
        time.sleep(0.2)


def run(
    rounds: int, seed: int, gateways: int, minutes: float | None, pause_s: float, *, measures_back: bool = False
) -> tuple[Run, Verdict]:
    """So many rounds, or as many as the minutes allow; gives how far it came, and what came of it."""
    random, done, began_s = Random(seed), Run(), time.monotonic()
    with house(gateways, seed, pause_s) as running:
        try:
            if measures_back:
                done.back_s = {kind: back_after(running, kind) for kind in ("kill", "pause")}
            for number in range(1, rounds + 1):
                if minutes is not None and time.monotonic() - began_s > minutes * 60:
                    break
                _next_round(running, planned(random), number, done)
        except AssertionError as error:  # what was written until then is judged all the same
            print(f"after round {done.rounds}: {error}", flush=True)
        running.databases.until_one_writes(PATIENCE_S)
        running.fleet.stop()
        verdict = judge(Ledger(running.database), running.fleet.gateways)
    return done, verdict


def _next_round(running: House, each: Round, number: int, done: Run) -> None:
    if any(harm.machine.startswith("database") for harm in each.harms):
        wait_until_whole(running)
    gap_s, took_s = run_round(running, each)
    done.rounds, done.longest_s = number, max(done.longest_s, gap_s)
    words = f"{', '.join(map(str, each.harms))} for {each.seconds:.1f} s"
    came = f"{gap_s:.1f} s without a receipt, all served after {took_s:.1f} s, {running.fleet.receipts} receipts"
    print(f"round {number}: {words}; {came}", flush=True)


def main(
    rounds: Annotated[int, typer.Option()] = 500,
    seed: Annotated[int, typer.Option()] = 1,
    gateways: Annotated[int, typer.Option()] = 12,
    minutes: Annotated[float | None, typer.Option(help="Stop after so many, however many rounds that were.")] = None,
    pause_s: Annotated[float, typer.Option(help="Between two batches of a gateway, on average.")] = 1.0,
    back: Annotated[bool, typer.Option(help="Measure first when writes are back after a kill and a pause.")] = False,
) -> None:
    """Run the rounds, and say what came of them; the last line is JSON."""
    if (code := enter_own_network("tests.cluster.rounds", sys.argv[1:])) is not None:
        raise typer.Exit(code)
    done, verdict = run(rounds, seed, gateways, minutes, pause_s, measures_back=back)
    came = {"rounds": done.rounds, "seed": seed, "longest_s": round(done.longest_s, 1), **asdict(verdict)}
    told = {f"back_after_{kind}_s": round(took_s, 1) for kind, took_s in done.back_s.items()}
    print(json.dumps(came | told), flush=True)
    if not verdict.is_good or (minutes is None and done.rounds < rounds):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
