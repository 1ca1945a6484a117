"""What events recorded, as their tables show it."""

from cloud_sync.console.rendering import VALUES_SHOWN_MAX, values


def test_short_values_stand_there_and_long_ones_open_from_their_beginning() -> None:
    assert values({"reason": "torn <box>"}) == '<span class="values">reason: torn &lt;box&gt;</span>'
    shown = values({f"setting_{number}": number for number in range(20)})
    start, _, rest = shown.partition("…</summary>")
    assert start.startswith('<details class="values"><summary>setting 0: 0, ') and len(start) < VALUES_SHOWN_MAX + 40
    assert rest.startswith("setting 0: 0, ") and "setting 19: 19" in rest


def test_hashes_are_shown_by_their_beginning_and_names_in_full() -> None:
    shown = values({"sha256": "ab" * 32, "device": "pharmacy-basement/cold-room-1/probe-temperature-1"})
    assert "sha256: abababababab…, device: pharmacy-basement/cold-room-1/probe-temperature-1" in shown
