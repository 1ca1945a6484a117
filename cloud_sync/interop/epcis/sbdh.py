"""The Standard Business Document Header: whom a document is from and to; JSON-LD has three fields of its own for it."""

from collections.abc import Mapping
from typing import Any

HEADER = "sbdh:StandardBusinessDocumentHeader"
PLAIN = ("sender", "receiver", "instanceIdentifier")
"""Fields of a JSON document that say what the header says."""


def header_of(plain: Mapping[str, str], creation_date: str) -> dict[str, Any]:
    """The shortest header that says it, as a value of the XML reader."""
    found: dict[str, Any] = {"sbdh:HeaderVersion": "1.0"}
    for field, name in (("sender", "sbdh:Sender"), ("receiver", "sbdh:Receiver")):
        if field in plain:
            found[name] = {"sbdh:Identifier": plain[field]}
    found["sbdh:DocumentIdentification"] = {
        "sbdh:Standard": "EPCglobal",
        "sbdh:TypeVersion": "1.0",
        "sbdh:InstanceIdentifier": plain.get("instanceIdentifier", ""),
        "sbdh:Type": "Events",
        "sbdh:CreationDateAndTime": creation_date,
    }
    return found


def plain_header(header: Mapping[str, Any], creation_date: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What JSON says of a header in fields of its own, and what is left of the header: all of it, if it says more."""
    said = header.get(HEADER)
    if not isinstance(said, dict):
        return {}, dict(header)
    found = {
        "sender": _identifier(said.get("sbdh:Sender")),
        "receiver": _identifier(said.get("sbdh:Receiver")),
        "instanceIdentifier": _text(_member(said.get("sbdh:DocumentIdentification"), "sbdh:InstanceIdentifier")),
    }
    plain = {name: text for name, text in found.items() if text}
    if said == header_of(plain, creation_date):
        return plain, {name: value for name, value in header.items() if name != HEADER}
    return plain, dict(header)


def _identifier(party: Any) -> str:
    return _text(_member(party, "sbdh:Identifier"))


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _text(value: Any) -> str:
    text = value.get("@value") if isinstance(value, dict) else value
    return text if isinstance(text, str) else ""
