"""One dock: a scanner, the grammar, and answers to the operator.

The good answer to a commit is given only after ``emit`` came back, that is, after the transaction is on the disk.
"""

import asyncio
import uuid
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import replace

from edge_agent.dock.effects import Book, Dropped, Effect, Feedback, RefusedScan, Tone
from edge_agent.dock.feedback import Answer
from edge_agent.dock.grammar import noted_refusal, step
from edge_agent.dock.non_gs1 import parse_foreign
from edge_agent.dock.refusal_limiter import Refusals
from edge_agent.dock.scanner_proof import ScannerProof
from edge_agent.dock.session_state import Dock, SessionState
from edge_agent.dock.session_timeout import NO_JUDGE, abandon, expire
from edge_agent.dock.verdicts import Judge
from edge_agent.domain.barcodes.command_codes import Badge, Code, is_code, parse_code
from edge_agent.domain.barcodes.gs1 import parse
from edge_agent.domain.barcodes.gs1_elements import GS
from edge_agent.domain.barcodes.proof_card import CardReading
from edge_agent.domain.barcodes.scan_rejected import ScanRejected
from edge_agent.domain.barcodes.scanned import Scanned
from edge_agent.domain.barcodes.symbology import Symbol, symbol_of, visible
from edge_agent.domain.wire.ids import DeviceName
from edge_agent.domain.wire.records import Notice, NoticeKind, Record
from edge_agent.drivers.base import Emit
from edge_agent.drivers.scanners.framing import BadFrame, Frame
from edge_agent.drivers.scanners.scanner import Back, Event, Lost, Scanner
from edge_agent.errors import JournalError
from edge_agent.timekeeping.clock import Clock, stamp

NOT_PROVEN = "This scanner is not proven: scan the proof card of the code sheet before you go on."
SHOWN_MAX = 200
"""Characters of a refused scan that go into its notice."""
FAREWELL_S = 2.0
"""How long a stopping dock may take to tell what was open."""


class DockSession:
    """A source of scan transactions, and of notices about what was refused, dropped or lost."""

    def __init__(
        self,
        scanner: Scanner,
        clock: Clock,
        answers: tuple[Answer, ...],
        *,
        separator: str = GS,
        dock: Dock | None = None,
        judge: Judge = NO_JUDGE,
        on_state: Callable[[SessionState], None] = lambda _state: None,
        proof: ScannerProof | None = None,
    ) -> None:
        """``judge`` says what speaks against a scan; ``on_state`` hears where the operator stands after each. ``proof``
        knows whether the proof card has shown that this scanner's settings change nothing; without it nobody asks.
        """
        self.name = scanner.name
        self._scanner = scanner
        self._clock = clock
        self._answers = answers
        self._separator = separator
        self._separator_seen = False
        self._dock = dock or Dock(DeviceName(scanner.name))
        self._judge = judge
        self._on_state = on_state
        self._proof = proof
        self._state = SessionState()
        self._refusals = Refusals()
        self._alive: Callable[[], None] = lambda: None

    def on_alive(self, sign: Callable[[], None]) -> None:
        """Call ``sign`` whenever the dock has done a round, scans or not."""
        self._alive = sign

    async def run(self, emit: Emit) -> None:
        """Serve the dock until cancelled. Items that are open then are told in a notice, not lost in silence."""
        self._on_state(self._state)
        if self._proof is not None:
            self._proof.announce()
        try:
            async with aclosing(self._scanner.events()) as events:
                async for event in events:
                    await self._handle(event, emit)
                    await self._expire(emit)
                    self._alive()
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(FAREWELL_S):
                    left = abandon(self._state, "was not committed when the gateway stopped", self._judge)
                    await self._carry_out(left, "", emit)

    async def _handle(self, event: Event, emit: Emit) -> None:
        match event:
            case Frame(text):
                await self._scan(text, emit)
            case BadFrame(shown, reason, hint):
                await self._refuse_unread(RefusedScan(reason, hint), shown, emit)
            case Lost(reason):
                await self._tell(NoticeKind.DEVICE_LOST, reason, {}, emit)
            case Back(after_s):
                # It may be another scanner now, with other settings.
                self._separator_seen = False
                text = f"back after {after_s:.0f} s"
                await self._tell(NoticeKind.DEVICE_BACK, text, {"after_s": round(after_s, 3)}, emit)

    async def _scan(self, text: str, emit: Emit) -> None:
        if self._proof is not None and (reading := self._proof.read(symbol_of(text))) is not None:
            await self._card(reading, text, emit)
            return
        try:
            code = self._read(symbol_of(text))
        except ScanRejected as rejected:
            await self._refuse_unread(RefusedScan(rejected.reason, rejected.hint), text, emit)
            return
        after, effects = step(
            self._state,
            code,
            stamp=stamp(self._clock),
            transaction=str(uuid.uuid4()),
            dock=self._dock,
            judge=self._judge,
        )
        if await self._carry_out(effects, text, emit):
            self._stand(after)
            if isinstance(code, Badge) and self._proof is not None and not self._proof.is_proven:
                await self._answer(Feedback(Tone.PROMPT, NOT_PROVEN))

    async def _card(self, reading: CardReading, text: str, emit: Emit) -> None:
        """The proof card was scanned: it books nothing, and says whether this scanner can be trusted."""
        if reading.passed:
            self._separator_seen = True
            await self._answer(Feedback(Tone.GOOD, f"Scanner proven: {', '.join(reading.proven)}."))
        else:
            hint = "Mend the scanner's settings, then scan the proof card again"
            await self._refuse(RefusedScan(f"proof card: {'; '.join(reading.faults)}", hint), text, emit)

    def _stand(self, after: SessionState) -> None:
        self._state = after
        self._on_state(after)

    def _read(self, symbol: Symbol) -> Code | Scanned:
        if is_code(symbol):
            return parse_code(symbol)
        # A label's two-digit years are read as of the day by UTC; only the century depends on it.
        today = self._clock.now().date()
        foreign = parse_foreign(symbol, today=today)
        if foreign is not None:
            return foreign
        scanned = parse(
            symbol,
            today=today,
            separator=self._separator,
            separator_seen=self._separator_seen,
        )
        self._separator_seen = self._separator_seen or scanned.separator_seen
        return scanned

    async def _expire(self, emit: Emit) -> None:
        mono_ms = int(self._clock.mono_s() * 1000)
        after, effects = expire(self._state, mono_ms=mono_ms, dock=self._dock, judge=self._judge)
        if await self._carry_out(effects, "", emit) and after != self._state:
            self._stand(after)
        for reason, times in self._refusals.due(mono_ms=mono_ms):
            await self._tell(NoticeKind.SCAN_REFUSED, f"{reason}: {times} more times", {"times": times}, emit)

    async def _carry_out(self, effects: tuple[Effect, ...], scanned: str, emit: Emit) -> bool:
        """Do what the grammar decided, in order. False if a transaction could not be kept: then nothing happened."""
        for effect in effects:
            match effect:
                case Feedback():
                    await self._answer(effect)
                case RefusedScan():
                    await self._refuse(effect, scanned, emit)
                case Book(transaction):
                    if not await self._keep(transaction, emit):
                        return False
                case Dropped(text, operator, items):
                    data: dict[str, str | int | float | None] = {"operator": operator, "items": len(items)}
                    await self._answer(Feedback(Tone.BAD, f"{text}."))
                    await self._tell(NoticeKind.SCAN_REFUSED, text, data, emit)
        return True

    async def _refuse_unread(self, refused: RefusedScan, scanned: str, emit: Emit) -> None:
        """What could not be read never reached the grammar; an UNDO that follows is about this scan all the same."""
        self._stand(noted_refusal(self._state, mono_ms=int(self._clock.mono_s() * 1000)))
        await self._refuse(refused, scanned, emit)

    async def _refuse(self, refused: RefusedScan, scanned: str, emit: Emit) -> None:
        reason = f"{refused.reason[:1].upper()}{refused.reason[1:]}"
        await self._answer(Feedback(Tone.BAD, f"{reason}. {refused.hint}."))
        if self._refusals.add(refused.reason, mono_ms=int(self._clock.mono_s() * 1000)):
            data: dict[str, str | int | float | None] = {
                "scanned": scanned[:SHOWN_MAX], "hint": refused.hint, **refused.data,
            }  # fmt: skip
            await self._tell(NoticeKind.SCAN_REFUSED, refused.reason, data, emit)

    async def _tell(self, kind: NoticeKind, text: str, data: dict[str, str | int | float | None], emit: Emit) -> bool:
        shown = {key: visible(value) if isinstance(value, str) else value for key, value in data.items()}
        return await self._keep(Notice(stamp(self._clock), kind, self.name, visible(text), shown), emit)

    async def _keep(self, record: Record, emit: Emit) -> bool:
        try:
            await emit(record)
        except JournalError as error:
            text = f"NOT SAVED: the gateway could not write to its journal ({error}). Stop scanning and call for help."
            await self._answer(Feedback(Tone.BAD, text))
            return False
        return True

    async def _answer(self, feedback: Feedback) -> None:
        shown = replace(feedback, text=visible(feedback.text))
        for answer in self._answers:
            await answer.give(shown)
