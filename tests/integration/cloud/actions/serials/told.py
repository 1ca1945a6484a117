"""What a maker tells of units, as an EPCIS document."""

import json

from cloud_sync.actions.interop.epcis_capture import capture
from cloud_sync.storage.database import Database
from tests.support.ledger_api import NOW

GTIN = "09501101530003"


def commissioned(
    database: Database,
    lot: str,
    *serials: str,
    step: str = "commissioning",
    at: str = "2026-05-01",
    gtin: str = GTIN,
) -> None:
    """What the maker tells of units."""
    event = {
        "type": "ObjectEvent", "eventTime": f"{at}T08:00:00Z", "eventTimeZoneOffset": "+00:00",
        "epcList": [f"https://id.gs1.org/01/{gtin}/21/{serial}" for serial in serials],
        "action": "ADD" if step == "commissioning" else "DELETE", "bizStep": step,
        **({"ilmd": {"cbvmda:lotNumber": lot}} if step == "commissioning" else {}),
    }  # fmt: skip
    document = {
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"], "type": "EPCISDocument",
        "schemaVersion": "2.0", "creationDate": "2026-05-01T09:00:00Z", "epcisBody": {"eventList": [event]},
    }  # fmt: skip
    job = capture(
        database, json.dumps(document).encode(), is_xml=False, error_behaviour="rollback", told_by="maker", at=NOW
    )
    assert not job["errors"], job["errors"]
