"""Rooms as people look at them: places, not devices; names and units, not metric ids; and what nobody judges, told."""

from typing import Any

from edge_agent.dock.room_tiles import Channel, Probe, tiles
from edge_agent.domain.monitoring.excursions import Rule, Side
from edge_agent.domain.monitoring.judged import Judged
from edge_agent.domain.monitoring.quantity_words import label_of

WARM = Rule("too-warm", "temp_c", Side.ABOVE, 8.0, False, 0)
COLD = Rule("too-cold", "temp_c", Side.BELOW, 2.0, False, 0)


def channel(
    metric: str, value: float, *, place: str = "fridge-a", judged: Judged = Judged.JUDGED, limits: bool = True,
    device: str = "d",
) -> Channel:  # fmt: skip
    return Channel(device, metric, value, place, (WARM, COLD) if limits else (), judged)


def probe(name: str, *channels: Channel, quality: str = "good", place: str = "") -> Probe:
    return Probe(name, quality, "", 1.0, channels, place)


def shown(*probes: Probe) -> list[dict[str, Any]]:
    return tiles(probes, lambda place: place.title())


def test_two_probes_of_one_fridge_are_one_tile_even_if_one_of_them_is_dead() -> None:
    dead = Probe("b", "timeout", "no answer", None, (), "fridge-a")
    (tile,) = shown(probe("a", channel("temp_c", 4.04)), dead)
    assert (tile["place"], [each["device"] for each in tile["probes"]]) == ("Fridge-A", ["a", "b"])
    (value,) = tile["probes"][0]["values"]
    assert (value["text"], value["unit"], value["low"], value["high"]) == ("4.0", "°C", 2.0, 8.0)


def test_a_device_with_probes_in_two_rooms_is_in_both() -> None:
    found = shown(probe("dual", channel("temp_c", 4.6), channel("temp_2_c", -18.2, place="freezer")))
    assert [(tile["place"], tile["probes"][0]["values"][0]["text"]) for tile in found] == [
        ("Freezer", "-18.2"),
        ("Fridge-A", "4.6"),
    ]
    (tile,) = shown(probe("dual", channel("temp_c", 4.6), channel("temp_2_c", 5.0)))
    assert [value["label"] for value in tile["probes"][0]["values"]] == ["probe 1", "probe 2"]


def test_what_only_machines_want_is_not_shown_and_fridges_stand_above_counters() -> None:
    noise = {"ended_unix_s": 1.7e9, "sample_s": 60.0, "sampled_l": 28.3, "battery_v": 2.9, "rssi_dbm": -70.0}
    counts = [channel("particles_0_5_um_count", 3.0, place="a-cleanroom", limits=False)]
    counts += [channel(m, v, place="a-cleanroom", limits=False, judged=Judged.NOT_NEEDED) for m, v in noise.items()]
    found = shown(probe("counter", *counts), probe("probe", channel("temp_c", 5.0)))
    assert [tile["place"] for tile in found] == ["Fridge-A", "A-Cleanroom"]
    (value,) = found[1]["probes"][0]["values"]
    assert (value["label"], value["text"], value["unit"]) == ("≥ 0.5 µm", "3", "per sample")


def test_what_no_rule_judges_says_so_and_why() -> None:
    gap = channel("rh_pct", 40.0, judged=Judged.NO_RULE, limits=False)
    (tile,) = shown(probe("a", channel("temp_c", 5.0), gap))
    assert tile["probes"][0]["not_judged"] == [
        "NOT JUDGED humidity: the storage policy of this location has no rule for it"
    ]
    (lost,) = shown(probe("new", channel("temp_c", 5.0, place="", judged=Judged.NO_PLACE, limits=False)))
    assert lost["place"] == "New" and "no location is set" in lost["probes"][0]["not_judged"][0]


def test_a_value_outside_its_limits_is_marked() -> None:
    (tile,) = shown(probe("a", channel("temp_c", 9.0), channel("temp_2_c", 5.0)))
    assert [value["is_outside"] for value in tile["probes"][0]["values"]] == [True, False]


def test_labels_are_words() -> None:
    assert label_of("ch2_temp_c") == "temperature, probe 2"
    assert label_of("particles_0_5_um_count") == "≥ 0.5 µm"
