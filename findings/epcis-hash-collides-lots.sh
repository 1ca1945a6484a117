#!/bin/sh
# Surprise: epcis-event-hash-generator (the reference implementation of the CBV 2.0 event hash) reads every text that looks
# like a number as a floating-point number: an event whose master data names lot 00123 and one with lot 123 have the same
# hash, so do lots 12345678901234567890 and 12345678901234567891, and lot 1E2 is lot 100.
# Why it matters: the hash is proposed as the id of an event; two lots of medicine would be one event to whoever keeps
# events by it. Lots belong into the class of an event's quantities, and a hash is no identity.
# Version: epcis-event-hash-generator 1.9.3, PyLD and python-dateutil as resolved by pip. Seen: 2026-11-29.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q epcis-event-hash-generator==1.9.3
"$dir/venv/bin/python" - <<'PY'
import json
import sys

from epcis_event_hash_generator.hash_generator import epcis_hashes_from_events
from epcis_event_hash_generator.json_to_py import event_list_from_epcis_document_str


def hash_with(lot):
    event = {
        "type": "ObjectEvent", "eventTime": "2026-11-21T11:00:00.000Z", "eventTimeZoneOffset": "+00:00",
        "action": "ADD", "bizStep": "commissioning", "epcList": ["urn:epc:id:sgtin:0614141.107346.1"],
        "ilmd": {"cbvmda:lotNumber": lot},
    }
    document = {
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"], "type": "EPCISDocument",
        "schemaVersion": "2.0", "creationDate": "2026-11-21T11:00:00.000Z", "epcisBody": {"eventList": [event]},
    }
    (found,) = epcis_hashes_from_events(event_list_from_epcis_document_str(json.dumps(document)))
    return found


pairs = [("00123", "123"), ("12345678901234567890", "12345678901234567891"), ("1E2", "100")]
surprised = True
for one, other in pairs:
    same = hash_with(one) == hash_with(other)
    surprised = surprised and same
    print(f"lots {one} and {other}: {'the same hash' if same else 'different hashes'}")
apart = hash_with("A1") != hash_with("A2")
print("lots A1 and A2:", "different hashes" if apart else "the same hash")
print("as seen" if surprised and apart else "the behaviour changed")
sys.exit(0 if surprised and apart else 1)
PY
