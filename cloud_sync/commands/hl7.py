"""``hl7``: try a field map on a message before anything listens."""

from datetime import UTC
from pathlib import Path
from typing import Annotated

import typer

from cloud_sync.commands.terminal import fail, say
from cloud_sync.interop.hospital.acknowledgement import MessageFault
from cloud_sync.interop.hospital.facts import HospitalFact, HospitalOrder
from cloud_sync.interop.hospital.field_map import FieldMap, MapFault, load_map
from cloud_sync.interop.hospital.hl7 import Hl7Fault, parse
from cloud_sync.interop.hospital.translation import NotUnderstood, translate
from edge_agent.domain.barcodes.item_codes import named
from edge_agent.domain.stock.expiry import zone_named

hl7_app = typer.Typer(help="HL7 messages of pharmacy systems and dispensing cabinets.", no_args_is_help=True)


@hl7_app.callback()
def hl7() -> None:
    """HL7 messages of pharmacy systems and dispensing cabinets."""


@hl7_app.command("try")
def try_map(
    map_file: Annotated[Path, typer.Argument(help="The field map, a TOML file; see config/hl7.")],
    message_file: Annotated[
        Path | None, typer.Argument(help="A message as it is sent; left out: check the map alone.")
    ] = None,
    zone: Annotated[str, typer.Option(help="Of times without an offset, where the map names none.")] = "",
) -> None:
    """Show what a message would become by a field map, line by line. Nothing is booked."""
    try:
        field_map = load_map(map_file.read_text(encoding="utf-8"), name=map_file.name)
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{map_file} cannot be read ({error})")
    except MapFault as fault:
        fail("\n".join(fault.faults), "Correct the file; config/hl7/README.md has every key.")
    if message_file is None:
        types = ", ".join(f"{entry.type} becomes {entry.becomes}" for entry in field_map.messages)
        say(f"{map_file} is a good field map: {types}")
        return
    try:
        content = message_file.read_bytes().strip(b"\x0b\x1c\r\n")
    except OSError as error:
        fail(f"{message_file} cannot be read ({error.strerror})")
    _show(field_map, content, zone)


def _show(field_map: FieldMap, content: bytes, zone: str) -> None:
    try:
        message = parse(content, charset=field_map.charset)
        said_zone = field_map.zone or zone
        told = translate(message, field_map, zone=zone_named(said_zone) if said_zone else None)
    except Hl7Fault as fault:
        fail(f"this is no HL7 message: {fault.reason}")
    except NotUnderstood as fault:
        fail("\n".join(_fault(each) for each in fault.faults), "Correct the field map; or ask the sender.")
    if told.is_note:
        say(f"{message.type} {message.control_id}: kept; it moves nothing")
    for each in told.all:
        say(_line(each))


def _fault(fault: MessageFault) -> str:
    return str(fault)


def _line(each: HospitalFact | HospitalOrder) -> str:
    counted = f"{each.quantity} {'packs' if each.in_packs else 'base units'}"
    if isinstance(each, HospitalOrder):
        what = (
            "cancel"
            if each.is_cancelled
            else f"{counted} of {named(each.codes)} from {each.from_place} to {each.to_place}"
        )
        return f"order {each.number}: {what}"
    at = f"{each.earliest_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if each.earliest_at else "when it comes"
    expires = f", expires {each.expires_on}" if each.expires_on else ""
    return (
        f"{each.action}: {counted} of {named(each.codes)}, lot {each.lot or '(none)'}{expires}, "
        f"from {each.from_place or '(not given)'} to {each.to_place or '(not given)'}, at {at}"
    )
