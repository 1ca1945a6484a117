"""What to look at when a device does not answer, as tables. Pure."""

from collections.abc import Sequence

from edge_agent.commissioning.transcript import Exchange, ExchangeOutcome, PortState
from edge_agent.config.model import ModbusTcpBus
from edge_agent.drivers.build import ModbusBus
from edge_agent.drivers.modbus.ports import IN_USE
from edge_agent.drivers.modbus.profile import Profile, SerialSection

AT_THE_DOOR = {
    PortState.REFUSED: (
        "something is at {host}, but nothing listens on port {port}: is Modbus TCP switched on there, and on which "
        "port? (502 is usual; some have it off as delivered)",
        "if it has a limit of clients, it may be full: close the other programs that read it",
    ),
    PortState.SILENT: (
        "{host} does not answer at all: is it powered, plugged in, and is this its address? (ping {host})",
        "a firewall between here and there swallows connections in just this way: let port {port} through",
    ),
    PortState.NO_ROUTE: (
        "there is no way to {host} from here: is this computer on the same network? (ip route get {host})",
    ),
    PortState.NO_NAME: ("the name {host} cannot be resolved: write its address instead, or correct the name",),
    PortState.OPEN: (
        "now {host}:{port} takes a connection, a moment ago it did not: its clients may be at their limit; close "
        "another program that reads it, and probe again",
    ),
}
WHO_USES_IT = (
    "if that is the agent, edge-agent monitor shows what it hears there; to ask from here, stop it first: "
    "sudo systemctl stop edge-agent"
)
ON_THE_LINE = (
    "A and B may be swapped, makers do not agree which is which: swap them and probe again",
    "common ground, supply voltage, 120 Ω at both ends of a long line",
)


def advice_on_silence(
    bus: ModbusBus, unit: int, profile: Profile, last: Exchange, door: PortState | None, answering: Sequence[int]
) -> tuple[str, ...]:
    """What to look at, most probable first. ``answering`` are other unit ids that do answer."""
    if door is not None and isinstance(bus, ModbusTcpBus):
        return tuple(words.format(host=bus.host, port=bus.port) for words in AT_THE_DOOR[door])
    if last.outcome is ExchangeOutcome.NO_CONNECTION:
        if IN_USE in last.said:
            return (WHO_USES_IT,)
        return (
            "the port cannot be opened; `edge-agent scan` shows which ports there are, `edge-agent doctor` who may",
        )
    if last.outcome is ExchangeOutcome.GARBAGE:
        return _on_garbage(unit, profile)
    if answering:
        if answering[0] in (0, 255) and isinstance(bus, ModbusTcpBus):
            return (
                f"unit {unit} is silent, but unit {answering[0]} answers: over TCP many devices with Ethernet use that "
                f"id. Probe it again with --unit {answering[0]}, and write unit = {answering[0]}",
            )
        units = f"unit {answering[0]} answers" if len(answering) == 1 else f"units {_and(answering)} answer"
        return (
            f"unit {unit} is silent, but {units}: is that the one? (--unit {answering[0]})",
            "if not, the line itself is good: look at the unit id, supply and plug of this one",
            f"edge-agent scan{_where(bus)} --units 1-247 finds it under any unit id",
        )
    return (
        f"unit {unit} may have another unit id: edge-agent scan{_where(bus)} --units 1-247 finds it"
        + (f" (as delivered it has {profile.link.unit})" if profile.link.unit != unit else ""),
        *_settings(profile.serial, bus),
        *ON_THE_LINE,
    )


def _and(units: Sequence[int]) -> str:
    return f"{', '.join(map(str, units[:-1]))} and {units[-1]}"


def _on_garbage(unit: int, profile: Profile) -> tuple[str, ...]:
    return (
        f"bytes come, but they are no answer: two devices may both be unit {unit}: leave only one on the line",
        *(("baud rate or parity may be wrong" + _factory(profile.serial),) if profile.serial else ()),
        "something else may listen there than Modbus, or the gateway may be set to RTU over TCP",
    )


def _settings(serial: SerialSection | None, bus: ModbusBus) -> tuple[str, ...]:
    if serial is None:
        return ()
    whose = "the serial side of the Modbus gateway" if isinstance(bus, ModbusTcpBus) else "the bus"
    return (f"baud rate or parity of {whose} may be wrong" + _factory(serial),)


def _factory(serial: SerialSection | None) -> str:
    if serial is None:
        return ""
    also = f"; {' and '.join(serial.also_seen)} were seen, too" if serial.also_seen else ""
    return f": as delivered the model has {serial.baudrate} baud, 8{serial.parity[0].upper()}{serial.stopbits}{also}"


def _where(bus: ModbusBus) -> str:
    return f" --host {bus.host}:{bus.port}" if isinstance(bus, ModbusTcpBus) else f" --serial-port {bus.port}"
