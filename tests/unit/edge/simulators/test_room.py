"""The simulated cold room: the same seed and time always give the same air, and doors have consequences."""

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.simulators.room import ColdRoom, LiveRoom, RoomState

HOUR_S = 3600.0


def temperatures(room: ColdRoom, start_s: float, end_s: float, step_s: float = 10.0) -> list[float]:
    return [room.air_at(start_s + n * step_s).temp_c for n in range(int((end_s - start_s) / step_s))]


@given(st.integers(), st.floats(0, 1e7))
def test_the_same_room_at_the_same_time_has_the_same_air(seed: int, at_s: float) -> None:
    assert ColdRoom(seed).air_at(at_s) == ColdRoom(seed).air_at(at_s)


def test_another_seed_is_another_room() -> None:
    assert temperatures(ColdRoom(1), 0, 600) != temperatures(ColdRoom(2), 0, 600)


@given(st.integers(0, 1000))
def test_an_undisturbed_room_stays_between_2_and_8_and_cycles(seed: int) -> None:
    day = temperatures(ColdRoom(seed), 0, 24 * HOUR_S, 300)
    assert min(day) > 2 and max(day) < 8
    assert max(day) - min(day) > 0.8


def test_a_door_left_open_warms_the_room_beyond_8_within_minutes_and_a_closed_one_cools_it_again() -> None:
    room = ColdRoom(7).switched(HOUR_S, RoomState.DOOR_OPEN).switched(HOUR_S + 900, RoomState.RUNNING)
    assert max(temperatures(room, 0, HOUR_S)) < 8
    beyond = next(at for at in range(int(HOUR_S), int(HOUR_S) + 900) if room.air_at(at).temp_c > 8)
    assert 60 < beyond - HOUR_S < 300
    assert room.air_at(HOUR_S + 899).temp_c > 14
    assert max(temperatures(room, HOUR_S + 900 + 1500, 4 * HOUR_S)) < 8
    assert room.air_at(HOUR_S + 899).rh_pct > room.air_at(HOUR_S - 1).rh_pct


def test_a_stopped_compressor_warms_the_room_slowly_towards_the_air_outside() -> None:
    room = ColdRoom(7).switched(0, RoomState.COMPRESSOR_OFF)
    assert room.air_at(600).temp_c < 8
    assert room.air_at(HOUR_S).temp_c > 8
    assert 23 < room.air_at(24 * HOUR_S).temp_c < 25


def test_what_is_done_later_does_not_change_what_was() -> None:
    before = temperatures(ColdRoom(3), 0, HOUR_S)
    room = ColdRoom(3).switched(HOUR_S, RoomState.DOOR_OPEN)
    assert temperatures(room, 0, HOUR_S) == before
    assert room.state_at(HOUR_S - 1) is RoomState.RUNNING and room.state_at(HOUR_S) is RoomState.DOOR_OPEN


def test_a_live_room_follows_its_clock_and_its_commands_at_its_scale() -> None:
    now_s = [100.0]
    live = LiveRoom(ColdRoom(5), lambda: now_s[0], scale=60)
    now_s[0] += 10
    assert live.elapsed_s() == 600
    assert live.air() == ColdRoom(5).air_at(600)
    live.open_door()
    now_s[0] += 15
    assert live.values()["temp_c"] > 14
    live.close_door()
    now_s[0] += 60
    assert live.values()["temp_c"] < 8
    live.compressor_off()
    now_s[0] += 600
    assert live.values()["temp_c"] > 20
    live.compressor_on()
    now_s[0] += 60
    assert live.values()["temp_c"] < 8
