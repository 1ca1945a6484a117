"""A badge that has a PIN signs nobody in without it."""

from datetime import UTC, datetime, timedelta

import pytest

from edge_agent.dock.effects import Effect, Feedback, RefusedScan
from edge_agent.dock.grammar import step
from edge_agent.dock.pins import WRONG_PINS_MAX, WRONG_PINS_WAIT_S
from edge_agent.dock.session_state import Dock, SessionState
from edge_agent.dock.session_timeout import expire
from edge_agent.dock.verdicts import NoJudge
from edge_agent.domain.barcodes.command_codes import parse_code
from edge_agent.domain.barcodes.symbology import symbol_of
from edge_agent.domain.stock.badges import SALT_BYTES, kept_pin
from edge_agent.domain.wire.ids import BootId, DeviceName
from edge_agent.domain.wire.records import Stamp

START = datetime(2026, 11, 29, 8, tzinfo=UTC)
DOCK = Dock(DeviceName("dock-1"), idle_s=120)
PIN = kept_pin("2580", bytes(SALT_BYTES))
RIGHT = ("LW.DIGIT.2", "LW.DIGIT.5", "LW.DIGIT.8", "LW.DIGIT.0", "LW.COMMIT")
WRONG = ("LW.DIGIT.2", "LW.COMMIT")


class AmyHasOne(NoJudge):
    def pin(self, badge: str) -> str | None:
        return PIN if badge == "amy" else None


class Bench:
    """Scans one code a second."""

    def __init__(self) -> None:
        self.state, self.mono_ms = SessionState(), 1_000_000
        self.last: tuple[Effect, ...] = ()

    def scan(self, *texts: str, after_s: float = 1.0) -> "Bench":
        for text in texts:
            self.mono_ms += int(after_s * 1000)
            stamp = Stamp(START + timedelta(milliseconds=self.mono_ms), self.mono_ms, BootId("b"), synced=True)
            code = parse_code(symbol_of(text))
            self.state, self.last = step(self.state, code, stamp=stamp, transaction="t", dock=DOCK, judge=AmyHasOne())
        return self

    @property
    def told(self) -> str:
        (effect,) = self.last
        assert isinstance(effect, Feedback | RefusedScan)
        return effect.text if isinstance(effect, Feedback) else f"{effect.reason}: {effect.hint}"


def test_the_badge_alone_signs_nobody_in_and_the_pin_does() -> None:
    bench = Bench().scan("LW.BADGE.amy")
    assert bench.state.operator is None and bench.told == "Scan the digits of amy's PIN, then the COMMIT card."
    bench.scan(*RIGHT)
    assert bench.state.operator == "amy" and bench.told == "Hello amy. Scan an action card."
    assert Bench().scan("LW.BADGE.ben").state.operator == "ben"


@pytest.mark.parametrize("code", ["LW.ACTION.RECEIVE", "LW.PLACE.dock", "LW.QTY.3", "LW.ORDER.PO-1"])
def test_nothing_else_is_taken_before_the_pin(code: str) -> None:
    bench = Bench().scan("LW.BADGE.amy", "LW.DIGIT.2", code)
    assert "the PIN of amy is not given yet" in bench.told
    bench.scan(*RIGHT[1:])
    assert bench.state.operator == "amy"


def test_who_is_signed_in_stays_until_the_other_one_has_given_the_pin() -> None:
    bench = Bench().scan("LW.BADGE.ben", "LW.ACTION.RECEIVE", "LW.BADGE.amy", "LW.DIGIT.9", "LW.CANCEL")
    assert (bench.state.operator, bench.told) == ("ben", "Cancelled. Scan the supplier.")
    bench.scan("LW.BADGE.amy", *RIGHT)
    assert (bench.state.operator, bench.state.action) == ("amy", None)
    bench.scan("LW.BADGE.amy")
    assert bench.told == "amy is signed in. Scan an action card."


def test_a_wrong_digit_is_taken_back_and_a_wrong_pin_is_told() -> None:
    bench = Bench().scan("LW.BADGE.amy", "LW.DIGIT.2", "LW.DIGIT.3", "LW.UNDO", *RIGHT[1:])
    assert bench.state.operator == "amy"
    bench = Bench().scan("LW.BADGE.amy", *WRONG)
    assert bench.state.operator is None and bench.told == "That is not the PIN of amy. Scan your badge again."
    assert "no PIN is asked for" in bench.scan("LW.DIGIT.2").told


def test_after_three_wrong_pins_a_dock_takes_none_for_a_minute() -> None:
    bench = Bench()
    for _ in range(WRONG_PINS_MAX):
        bench.scan("LW.BADGE.amy", *WRONG)
    bench.scan("LW.BADGE.amy")
    assert "3 wrong PINs were given here: Wait" in bench.told
    assert bench.scan("LW.BADGE.ben").state.operator == "ben"  # whose badge is enough
    bench.scan("LW.BADGE.amy", after_s=WRONG_PINS_WAIT_S).scan(*RIGHT)
    assert bench.state.operator == "amy"
    assert "PIN of amy" in bench.scan("LW.BADGE.ben", "LW.BADGE.amy", *WRONG).told


def test_a_pin_that_nobody_gives_is_not_waited_for() -> None:
    bench = Bench().scan("LW.BADGE.amy", "LW.DIGIT.2")
    state, (told,) = expire(bench.state, mono_ms=bench.mono_ms + 120_000, dock=DOCK)
    assert state.pin is None and isinstance(told, Feedback)
    assert told.text == "The PIN of amy was not given. Scan your badge."
