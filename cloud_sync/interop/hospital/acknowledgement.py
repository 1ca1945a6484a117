"""What a sender of HL7 version 2 is told: ACK with MSA, and ERR for each fault (chapter 2.9 of the standard). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cloud_sync.interop.hospital.hl7 import Message, Separators, build_segment

FAULTS_MAX = 20
TEXT_CHARACTERS_MAX = 250

ERROR_TEXTS = {
    "100": "Segment sequence error", "101": "Required field missing", "102": "Data type error",
    "103": "Table value not found", "200": "Unsupported message type", "202": "Unsupported processing id",
    "203": "Unsupported version id", "204": "Unknown key identifier", "205": "Duplicate key identifier",
    "207": "Application internal error",
}  # fmt: skip
"""HL7 table 0357."""


class AckCode(StrEnum):
    """HL7 table 0008, original mode."""

    ACCEPTED = "AA"
    ERROR = "AE"
    REJECTED = "AR"


@dataclass(frozen=True, slots=True)
class MessageFault:
    """What is wrong with a message. ``segment`` and ``sequence`` (from 1, among those of its name) say where; ``field``
    0: the segment. ``code`` is of HL7 table 0357."""

    text: str
    code: str = "207"
    segment: str = ""
    sequence: int = 1
    field: int = 0
    component: int = 0

    @property
    def where(self) -> str:
        """For people: ``RXD-4 of the 2nd RXD``."""
        if not self.segment:
            return ""
        field = f"{self.segment}-{self.field}" if self.field else self.segment
        return field + (f" (number {self.sequence})" if self.sequence > 1 else "")

    def __str__(self) -> str:
        return f"{self.where}: {self.text}" if self.where else self.text


def acknowledge(
    message: Message, code: AckCode, text: str, faults: Sequence[MessageFault], *, at: datetime, own_id: str
) -> bytes:
    """The answer to a message, in its separators and character set, addressed back to its sender."""
    here, charset = message.separators, message.charset
    trigger = message.type.partition("^")[2]
    sender = [message.header.raw(field) for field in (3, 4)]
    receiver = [message.header.raw(field) for field in (5, 6)]
    # Their own names go back as they came, escapes and all.
    head = here.field.join(
        ["MSH", here.msh_2, *receiver, *sender, f"{at:%Y%m%d%H%M%S}+0000", "",
         here.component.join(["ACK", trigger, "ACK"] if trigger else ["ACK"]), own_id,
         message.header.raw(11) or "P", message.header.raw(12) or "2.5.1"]
    )  # fmt: skip
    if declared := message.header.raw(18):
        head += here.field * 6 + declared
    lines = [
        head,
        here.field.join(
            ["MSA", code.value, message.header.raw(10), build_segment("", [_short(text)], here, charset)[1:]]
        ),
    ]
    lines += [_err(fault, here, charset) for fault in faults[:FAULTS_MAX]]
    return ("\r".join(lines) + "\r").encode(charset, "replace")


def reject_unreadable(text: str, code: str, *, at: datetime, own_id: str) -> bytes:
    """The answer to what is no message: there is nothing of it to refer to."""
    here = Separators()
    head = build_segment("MSH", [], here) + rf"|^~\&|||||{at:%Y%m%d%H%M%S}+0000||ACK|{own_id}|P|2.5.1"
    lines = [head, build_segment("MSA", [AckCode.REJECTED.value, "", _short(text)], here, "ascii"),
             _err(MessageFault(text, code), here, "ascii")]  # fmt: skip
    return ("\r".join(lines) + "\r").encode("ascii", "replace")


def _err(fault: MessageFault, here: Separators, charset: str) -> str:
    location = ""
    if fault.segment:
        parts = [fault.segment, str(fault.sequence), *([str(fault.field), "1"] if fault.field else [])]
        location = here.component.join([*parts, *([str(fault.component)] if fault.field and fault.component else [])])
    kind = here.component.join([fault.code, ERROR_TEXTS.get(fault.code, ""), "HL70357"])
    told = build_segment("", [_short(fault.text)], here, charset)[1:]
    return here.field.join(["ERR", "", location, kind, "E", "", "", "", told])


def _short(text: str) -> str:
    return text if len(text) <= TEXT_CHARACTERS_MAX else f"{text[: TEXT_CHARACTERS_MAX - 3]}..."
