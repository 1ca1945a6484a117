"""What a pharmacy system told: a dispense, one that is an exception, and what the map does not understand."""

from datetime import datetime

from cloud_sync.actions.interop.field_maps import FieldMaps
from cloud_sync.actions.interop.hospital_messages import take_message
from cloud_sync.ingest.mllp.receiver import Hl7Section, SenderSection
from tests.support.builders import Ledger
from tests.support.hl7_messages import PEER, rds, rxd
from tests.support.paths import ROOT

HOSPITAL_PAGES = {
    "hospital-messages": "/hospital-messages", "hospital-message": "/hospital-messages/1",
    "hospital-message-unread": "/hospital-messages/3",
}  # fmt: skip


def tell_of_hospital(ledger: Ledger, at: datetime) -> None:
    """Four messages of the pharmacy system."""
    ledger.add_place("ward-3", "ward", "site")
    sender = SenderSection(addresses=("127.0.0.1",), map_file=ROOT / "config/hl7/pharmacy-rds.toml", site="site")
    maps = FieldMaps(Hl7Section(senders={"pharmacy": sender}))
    when = f"{at:%Y%m%d%H%M%S}+0000"
    from_b = rxd("L3", at=when).replace("fridge-a", "fridge-b")
    for content in (
        rds("RX-2026-0001", from_b),
        rds("RX-2026-0002", from_b.replace("insulin^^L", "55513-0283-10^Epoetin^NDC")),
        rds("RX-2026-0003", from_b.replace("|EA|", "|AMP|"), from_b.replace("|3|", "|1.5|")),
        b"not a message at all",
    ):
        take_message(ledger.database, maps, PEER, content, at=at)
