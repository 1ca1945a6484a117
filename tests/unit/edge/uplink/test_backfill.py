"""The token bucket, the progress of a back-fill, and the file that tells of it."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.uplink.backfill import STATUS_FILE, Progress, TokenBucket, UplinkStatus, read_status, write_status

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(1, 5000)), max_size=50))
def test_whatever_is_taken_the_average_holds(steps: list[tuple[float, int]]) -> None:
    bucket, now_s, taken = TokenBucket(1000, 0.0), 0.0, 0
    for pause_s, wanted in steps:
        now_s += pause_s
        if bucket.available(now_s):
            bucket.take(wanted, now_s)
            taken += wanted
        assert taken <= 1000 * (now_s + 1) + 5000, "a second's worth saved up, and one piece of debt"


def test_a_debt_is_waited_for_and_then_something_may_be_taken_again() -> None:
    bucket = TokenBucket(100, 0.0)
    bucket.take(250, 0.0)
    assert bucket.available(0.0) == 0
    wait_s = bucket.wait_s(0.0)
    assert 1.5 < wait_s < 1.52
    assert bucket.available(1.4) == 0
    assert bucket.available(wait_s + 0.001) >= 1
    assert bucket.wait_s(wait_s + 0.001) == 0


def test_progress_tells_share_rate_and_time_left() -> None:
    progress = Progress(1000, began_s=10.0)
    assert progress.eta_s(10.0) is None
    progress = progress.after(250)
    assert progress.text(20.0) == "25%: 250 of 1,000 records, 25/s, about 30 s left"
    assert progress.after(10_000).is_done, "records that came meanwhile do not make it more than whole"


def test_each_tenth_is_told_once() -> None:
    progress, told = Progress(100, 0.0), []
    for sent in range(1, 100):
        progress = progress.after(1)
        if progress.is_worth_telling(1.0):
            told.append(sent)
            progress = progress.told(1.0)
    assert told == [10, 20, 30, 40, 50, 60, 70, 80, 90]


def test_a_slow_back_fill_is_told_every_minute() -> None:
    progress = Progress(1_000_000, 0.0).after(1)
    assert not progress.is_worth_telling(59.0)
    assert progress.is_worth_telling(60.0)


def test_the_status_is_read_as_it_was_written_and_rubbish_is_no_status(tmp_path: Path) -> None:
    assert read_status(tmp_path) is None
    status = UplinkStatus(NOW, "up", NOW, backfill_total=10, backfill_sent=3, backfill_eta_s=1.5)
    write_status(tmp_path, status)
    write_status(tmp_path, replace(status, backfill_sent=4))
    assert read_status(tmp_path) == replace(status, backfill_sent=4)
    for rubbish in ("", "[]", "{}", '{"as_of": 1, "since": 2}', '{"as_of": "x", "since": "y"}'):
        (tmp_path / STATUS_FILE).write_text(rubbish)
        assert read_status(tmp_path) is None
