"""Figures that cost something are made beside the requests, and not too often."""

from threading import Event

from cloud_sync.console.live import Recent


def test_nobody_waits_for_a_figure_that_takes_long() -> None:
    may_end = Event()

    def slow() -> int:
        may_end.wait(30)
        return 7

    recent: Recent[int] = Recent()
    assert recent.get(slow) is None
    may_end.set()
    assert recent.get(lambda: 8) in (None, 7), "only one is made at a time"
    while recent.get(slow) is None:
        pass
    assert recent.get(slow) == 7


def test_a_figure_is_made_anew_when_it_is_old_and_kept_when_that_fails() -> None:
    made: list[int] = []

    def count() -> int:
        made.append(1)
        if len(made) == 2:
            raise ValueError("the database is away")
        return len(made)

    recent: Recent[int] = Recent(keep_s=0.0)
    assert recent.get(count) == 1
    seen = 1
    while seen == 1:
        seen = recent.get(count) or 0
    assert seen >= 3, "the second attempt failed"
    kept: Recent[int] = Recent(keep_s=3600.0)
    assert [kept.get(count) for _ in range(3)] == [kept.get(count)] * 3
