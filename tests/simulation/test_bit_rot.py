"""Bits flip and files are cut anywhere: what is still there is as it was written, and what is not is declared."""

import os
import random
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_agent.buffer.journal import Journal
from edge_agent.buffer.reader import FILE_NAME, damaged_beside
from edge_agent.domain.wire.records import Lane, Notice, Record
from edge_agent.domain.wire.wire import decode_batch
from tests.support.journal_parts import IDENTITY, open_journal, reading, records_in, scan

# Set aside and declared; its successor, which names it; and a column beside a batch that is whole.
HARMLESS = re.compile(
    "have changed since they were written|does not follow the batch|its header is that of another batch"
)
ROUNDS = int(os.environ.get("LOTWARDEN_BIT_ROT", "100"))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[tuple[str, int], Record]]:
    """A journal's directory, closed, and what is in it."""
    path = tmp_path_factory.mktemp("written") / "journal"
    records: dict[tuple[str, int], Record] = {}
    with open_journal(path) as journal:
        for number in range(1, 61):
            records["scans", journal.append(Lane.SCANS, [scan(number)])[0]] = scan(number)
            group = [reading(number * 20 + i) for i in range(20)]
            numbers = journal.append(Lane.READINGS, group)
            records |= {("readings", seq): record for seq, record in zip(numbers, group, strict=True)}
    return path, records


def flip_bits(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice([1, 1, 1, 5])):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(len(data)) :]


def blank_a_sector(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data)) // 512 * 512
    data[at : at + 512] = bytes(min(512, len(data) - at))


DAMAGES = {"flips": flip_bits, "cut": cut, "sector": blank_a_sector}


@pytest.mark.parametrize("damage", list(DAMAGES))
def test_what_is_there_is_true_and_what_is_gone_is_said(
    tmp_path: Path, written: tuple[Path, dict[tuple[str, int], Record]], damage: str
) -> None:
    original, records = written
    data = (original / FILE_NAME).read_bytes()
    for seed in range(ROUNDS // len(DAMAGES)):
        chance = random.Random(f"{damage}-{seed}")
        rotten = bytearray(data)
        DAMAGES[damage](rotten, chance)
        path = tmp_path / f"{seed}" / "journal"
        path.mkdir(parents=True)
        (path / FILE_NAME).write_bytes(rotten)
        with open_journal(path) as journal:
            there, declared, everything = look(journal)
            assert there.items() <= records.items(), f"{damage} {seed}: something is there that was never written"
            gone = sorted(key for key in set(records) - set(there) if not any(span.has(key) for span in declared))
            assert not gone, f"{damage} {seed}: {gone[:3]} are just gone"
            assert bool(damaged_beside(path)) == everything
            journal.append(Lane.SCANS, [scan(999)])
        shutil.rmtree(path.parent)


@dataclass(frozen=True)
class Declared:
    """Numbers that are said to be lost."""

    lane: str
    first: int
    last: int

    def has(self, key: tuple[str, int]) -> bool:
        """Whether this lane and number is one of them."""
        return key[0] == self.lane and self.first <= key[1] <= self.last


def look(journal: Journal) -> tuple[dict[tuple[str, int], Record], list[Declared], bool]:
    """What would be sent, which numbers are declared as lost, and whether a journal is said to be damaged."""
    there: dict[tuple[str, int], Record] = {}
    declared: list[Declared] = []
    everything = False
    journal.pending(Lane.SCANS, bytes_max=1 << 30, batches_max=10_000)  # finds rot and declares it, to be sent next
    for lane in (Lane.READINGS, Lane.SCANS):
        for batch in journal.pending(lane, bytes_max=1 << 30, batches_max=10_000):
            header = decode_batch(batch.raw).header
            for seq, record in enumerate(records_in(batch.raw), start=header.first):
                if not isinstance(record, Notice):
                    there[header.lane.value, seq] = record
                elif record.data["first"] is None:
                    everything = True
                else:
                    first, count = int(str(record.data["first"])), int(str(record.data["count"]))
                    declared.append(Declared(str(record.data["lane"]), first, first + count - 1))
    beyond = [f for f in journal.verify(IDENTITY.verify).faults if not HARMLESS.search(f)]
    assert not beyond
    return there, declared, everything
