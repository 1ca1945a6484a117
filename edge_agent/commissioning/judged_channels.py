"""Which channels are judged by a storage policy, by the ledger's data on the disk: for ``add`` and the doctor.

A sensor that nobody judges guards nothing, and all looks green: so it is a failure until somebody at the ledger sets
its location, or records that it is on purpose.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.buffer.desk_store import FILE_NAME, DeskStore
from edge_agent.commissioning.checks import Check, CheckState
from edge_agent.config.model import GatewayConfig
from edge_agent.dock.offline_stock import OfflineStock
from edge_agent.dock.phrases import plural
from edge_agent.domain.monitoring.judged import Judged, place_in_name, rules_about
from edge_agent.domain.monitoring.quantity_words import WORDS, label_of

SHOWN_MAX = 10
AT_THE_LEDGER = "at the ledger, set its location (PUT /v1/channels/ID/place) or record that it is not judged on purpose"


@dataclass(frozen=True, slots=True)
class ChannelFinding:
    """What becomes of one channel. ``place`` is where the ledger says that it is, ``proposed`` what its name says."""

    device: str
    metric: str
    judged: Judged
    place: str | None
    proposed: str | None
    rules: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """In a sentence, with what to do."""
        what = f"{self.device} {label_of(self.metric)}"
        if self.judged is Judged.JUDGED:
            return f"{what}: judged in {self.place} by {', '.join(self.rules)}"
        if self.judged is Judged.NOT_NEEDED:
            return f"{what}: not judged, and need not be"
        propose = f"; its name proposes location {self.proposed}" if self.proposed and not self.place else ""
        return f"{what}: NOT JUDGED: {WORDS[self.judged]}{propose}"


def ledger_data(data_dir: Path) -> OfflineStock | None:
    """What the ledger sent last, as it lies on the disk; None if nothing has come yet."""
    if not (data_dir / FILE_NAME).exists():
        return None
    store = DeskStore(data_dir)
    try:
        desk, _ = store.load()
    finally:
        store.close()
    if desk is None:
        return None
    known = OfflineStock()
    known.take(desk)
    return known


def findings(known: OfflineStock, channels: Iterable[tuple[str, str]]) -> tuple[ChannelFinding, ...]:
    """What becomes of each (device, metric)."""
    places = {place.name for place in known.places()}
    found = []
    for device, metric in channels:
        place = known.place_of_channel(device, metric)
        rules = tuple(name for policy in known.policies_over(place) for name in rules_about(policy, metric))
        judged = known.judged(device, metric)
        found.append(ChannelFinding(device, metric, judged, place, place_in_name(device, places), rules))
    return tuple(found)


def check_judged(config: GatewayConfig, live: Mapping[str, Any] | None) -> tuple[Check, ...]:
    """Whether every channel that could guard product is judged: of the running agent, else those the ledger knows."""
    measuring = {each.name for each in (*config.device, *config.particle_sensor)}
    if not measuring:
        return ()
    known = ledger_data(config.gateway.data_dir)
    if known is None:
        says = "NOT JUDGED: no data from the ledger yet, so no storage policy is known here"
        fix = "enroll the gateway, set its place (cloud-sync gateway place), and start the agent"
        return (Check("judged", CheckState.FAIL, says, fix),)
    channels = [(device["name"], metric) for device in (live or {}).get("devices", ()) for metric in device["values"]]
    channels = channels or list(known.channels())
    found = findings(known, [each for each in channels if each[0] in measuring])
    gaps = [each for each in found if each.judged.is_silent_gap]
    if gaps:
        return tuple(Check("judged", CheckState.FAIL, gap.text, AT_THE_LEDGER) for gap in gaps[:SHOWN_MAX])
    silent = sorted(measuring - {each.device for each in found})
    if silent:
        says = f"nothing is known yet of {', '.join(silent)}: whether it is judged shows once it measures"
        return (Check("judged", CheckState.WARN, says, "start the agent, and run edge-agent doctor again"),)
    judged = sum(each.judged is Judged.JUDGED for each in found)
    return (Check("judged", CheckState.OK, f"{plural(judged, 'channel')} judged by storage policies"),)


def metrics_of(probed: Mapping[str, Any]) -> tuple[str, ...]:
    """The metrics in the data of a probe, wired or wireless."""
    values = probed.get("values", ())
    return tuple(values) if isinstance(values, Mapping) else tuple(str(value["name"]) for value in values)


def told_at_add(config: GatewayConfig, device: str, metrics: Iterable[str]) -> tuple[str, ...]:
    """What to say of a device that was just added: where it will be judged, or loudly that nobody will."""
    known = ledger_data(config.gateway.data_dir)
    if known is None:
        place = device.partition("/")[0]
        return (
            f"NOT JUDGED yet: no data from the ledger. Proposed location: {place}. It guards nothing until the ledger "
            "has a place of this name with a storage policy, and the channel is set to it",
        )
    proposed = place_in_name(device, {place.name for place in known.places()})
    lines = [f"Proposed location, from the name: {proposed}"] if proposed else []
    for metric in metrics:
        (found,) = findings(known, [(device, metric)])
        if not found.place and proposed and found.judged.is_silent_gap:
            rules = [name for policy in known.policies_over(proposed) for name in rules_about(policy, metric)]
            will = f"once set, it is judged by {', '.join(rules)}" if rules else "and no rule there judges it"
            lines.append(f"{found.text}: {will}")
        elif found.judged is not Judged.NOT_NEEDED:
            lines.append(found.text)
    if any("NOT JUDGED" in line for line in lines):
        lines.append(f"To do: {AT_THE_LEDGER}")
    return tuple(lines)
