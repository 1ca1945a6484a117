"""What the ledger cannot book when it comes, and what a gateway can keep no longer as it was."""

from hypothesis import strategies as st

from edge_agent.buffer.stored_batch import Span, thinned_notice
from edge_agent.domain.monitoring.thinning import thin
from edge_agent.domain.wire.ids import JournalId
from edge_agent.domain.wire.records import Envelope, Lane, Reading
from tests.machine.doing import does
from tests.machine.house import DEVICES, GATEWAY_OF
from tests.machine.watching import Watch
from tests.support.faults import SET_ASIDE_NOW, fault

TEMPERATURES = (5.0, 5.0, 5.5, 6.0, 7.6, 8.0, 8.7, 12.0, 1.0)
WINDOW_S = 900
numbers = st.integers(0, 999)


class Outages(Watch):
    """Batches that are set aside and booked again some day, and journals that are thinned while nobody takes them."""

    @does(4, which=numbers, pick=numbers)
    def a_batch_is_set_aside(self, which: int, pick: int) -> None:
        gate = self.gate(which)
        if not gate.waiting:
            return
        batch = gate.waiting.pop(pick % len(gate.waiting))
        before = self.effects()
        known = {row["id"] for row in self.house.ledger.rows(SET_ASIDE_NOW)}
        with fault(self.house.ledger):
            (receipt,) = self.post_batches([batch])
        assert receipt["outcome"] == "stored", receipt
        (case,) = {row["id"] for row in self.house.ledger.rows(SET_ASIDE_NOW)} - known
        assert self.effects() == {**before, "event": before["event"] + 1, "cases": before["cases"] + 1}
        self.aside[case] = which % len(self.house.gates), batch

    @does(5, pick=numbers)
    def what_was_set_aside_is_booked(self, pick: int) -> None:
        if not self.aside:
            return
        case = sorted(self.aside)[pick % len(self.aside)]
        number, batch = self.aside.pop(case)
        path = f"/v1/cases/{case}/reprocess"
        self.book(number, batch, lambda: self.house.ok(self.house.eve, "POST", path, {"reason": "mended"}))

    @does(4, device=st.sampled_from(sorted(DEVICES)), minutes_ago=st.integers(0, 200), sent=st.integers(0, 7),
          temperatures=st.lists(st.sampled_from(TEMPERATURES), min_size=6, max_size=14))  # fmt: skip
    def a_cut_off_gateway_thins_its_journal(
        self, device: str, minutes_ago: int, sent: int, temperatures: list[float]
    ) -> None:
        """Of its batches one may have been sent before it was thinned, without a receipt that came through."""
        gate = self.house.gates[GATEWAY_OF[device]]
        if not gate.is_synced:
            return
        first, before = gate.next_of_readings, len(gate.waiting)
        for number in range(0, len(temperatures), 2):
            times = [self.when(minutes_ago + 2 * (len(temperatures) - at)) for at in (number, number + 1)]
            pair = zip(times, temperatures[number : number + 2], strict=False)
            gate.note(*((self.house.reading(gate, device, at, value), at) for at, value in pair))
        going, gate.waiting[before:] = gate.waiting[before:], []
        said = [each for batch in going for each in batch.said]
        left = thin(
            [(each.seq, each.record) for each in said if isinstance(each.record, Reading)],
            window_s=WINDOW_S,
            must_keep=lambda each: not 2 <= each.values["temp_c"] < 7.5,
        )
        by = gate.next_of_readings
        was = {record.was for record in left if isinstance(record, Reading)}
        for seq, record in enumerate(left, start=by):
            gate.note((record, record.stamp.at))
            if isinstance(record, Envelope):
                inside = [o.seq for o in said if o.seq not in was and record.since.at <= o.at <= record.stamp.at]
                self.model.inside[GATEWAY_OF[device], seq] = frozenset(inside)
        span = Span(JournalId(gate.gateway.journal), Lane.READINGS, first, len(said), 0, 0)
        kept = sum(isinstance(record, Reading) for record in left)
        at = self.when(0)
        notice = thinned_notice(gate.stamp(at), span, range(by, by + len(left)), kept, window_s=WINDOW_S)
        gate.note((notice, at))
        if sent < len(going):
            gate.waiting.insert(before, going[sent])
