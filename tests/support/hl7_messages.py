"""HL7 messages as pharmacy systems and cabinets send them, and senders that the ledger knows."""

from pathlib import Path

from cloud_sync.actions.interop.field_maps import FieldMaps
from cloud_sync.ingest.mllp.receiver import Hl7Section, Peer, SenderSection
from tests.support.paths import ROOT

PEER = Peer("127.0.0.1")


def message(type_: str, control_id: str, *segments: str, application: str = "PHARM") -> bytes:
    head = rf"MSH|^~\&|{application}|MAIN|LEDGER|MAIN|20260601110000+0000||{type_}|{control_id}|P|2.5.1"
    return ("\r".join((head, *segments)) + "\r").encode()


def rds(control_id: str, *lines: str, ward: str = "ward-3") -> bytes:
    """A dispense; each line is an RXD."""
    orders = [segment for line in lines for segment in (f"ORC|RE|{control_id}", line)]
    return message("RDS^O13", control_id, "PID|1||77^^^H||Doe^Jane", f"PV1|1|I|{ward}", *orders)


def rxd(
    lot: str, quantity: str = "3", *, item: str = "insulin^^L", unit: str = "EA", at: str = "20260601115930+0000"
) -> str:
    return f"RXD|1|{item}|{at}|{quantity}|{unit}|||||amy|||^^^fridge-a|||||{lot}|20270131"


def senders(folder: Path, **maps: str) -> FieldMaps:
    """A sender for each map (a text, or the name of one in config/hl7), by its application in capitals."""
    made = {}
    for name, text in maps.items():
        path = folder / f"{name}.toml"
        path.write_text(text if "\n" in text else (ROOT / "config/hl7" / text).read_text(encoding="utf-8"))
        made[name] = SenderSection(
            addresses=("127.0.0.0/8", "::1"), map_file=path, application=name.upper(), site="main"
        )
    return FieldMaps(Hl7Section(port=0, senders=made))
