"""Any sequence of appends, acknowledgements, refusals, restarts and crashes, against a plain list."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edge_agent.domain.wire.records import Lane, Record
from edge_agent.domain.wire.wire import decode_batch
from tests.support.journal_parts import IDENTITY, open_journal, reading, records_in, scan

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
LANES = st.sampled_from(list(Lane))


class JournalAgainstList(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp(dir=MEMORY))
        self.generation = 0
        self.path = self.home / "0" / "journal"
        self.journal = open_journal(self.path)
        self.id = self.journal.journal
        self.next = {Lane.SCANS: 1, Lane.READINGS: 1}
        # batches of the model: lane -> first -> (records, still pending)
        self.batches: dict[Lane, dict[int, tuple[list[Record], bool]]] = {lane: {} for lane in Lane}
        self.last_digest = dict.fromkeys(Lane, "0" * 64)

    @rule(lane=LANES, count=st.integers(1, 5))
    def append(self, lane: Lane, count: int) -> None:
        make = scan if lane is Lane.SCANS else reading
        first = self.next[lane]
        records: list[Record] = [make(first + i) for i in range(count)]
        assert self.journal.append(lane, records) == range(first, first + count)
        self.batches[lane][first] = (records, True)
        self.next[lane] += count
        newest = self.journal.pending(lane, newest_first=True, bytes_max=1, batches_max=1)[0]
        assert decode_batch(newest.raw).header.previous == self.last_digest[lane]
        self.last_digest[lane] = newest.digest

    @rule(lane=LANES, newest=st.booleans(), limit=st.integers(1, 4), keep=st.sets(st.integers(0, 3)))
    def acknowledge_some(self, lane: Lane, newest: bool, limit: int, keep: set[int]) -> None:
        sent = self.journal.pending(lane, newest_first=newest, bytes_max=1 << 20, batches_max=limit)
        some = [batch for number, batch in enumerate(sent) if number not in keep]
        self.journal.acknowledge(some)
        self.journal.acknowledge(some)  # answers come twice
        for batch in some:
            del self.batches[lane][batch.first]

    @rule(lane=LANES)
    def refuse_oldest(self, lane: Lane) -> None:
        sent = self.journal.pending(lane, bytes_max=1, batches_max=1)
        if sent:
            self.journal.set_aside(sent, "refused", "for the test")
            self.batches[lane][sent[0].first] = (self.batches[lane][sent[0].first][0], False)

    @rule()
    def restart(self) -> None:
        self.journal.close()
        self.journal = open_journal(self.path)

    @precondition(lambda self: self.generation < 5)
    @rule()
    def crash(self) -> None:
        """Go on from what the files hold this instant, the log not yet folded in."""
        self.generation += 1
        image = self.home / str(self.generation) / "journal"
        shutil.copytree(self.path, image, ignore=shutil.ignore_patterns("*-shm"))
        self.journal.close()
        self.path = image
        self.journal = open_journal(image)

    @invariant()
    def holds_what_the_list_holds(self) -> None:
        assert self.journal.journal == self.id
        found: dict[Lane, dict[int, tuple[list[Record], bool]]] = {lane: {} for lane in Lane}
        for batch in self.journal.batches():
            found[batch.lane][batch.first] = (records_in(batch.raw), batch.state == "pending")
        assert found == self.batches
        assert self.journal.verify(IDENTITY.verify).faults == ()
        for lane in Lane:
            waiting = self.journal.pending(lane, bytes_max=1 << 30, batches_max=1000)
            assert [b.first for b in waiting] == sorted(f for f, (_, pending) in self.batches[lane].items() if pending)

    def teardown(self) -> None:
        self.journal.close()
        shutil.rmtree(self.home)


JournalAgainstList.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestJournalAgainstList = JournalAgainstList.TestCase
