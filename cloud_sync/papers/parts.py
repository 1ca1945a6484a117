"""What many papers have in common: places, signatures, decisions and temperatures as they are shown."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import AwareDatetime

from cloud_sync.papers.document import Block, Heading, SignatureLine, Signatures, Text, Tone
from cloud_sync.papers.envelope import Shown
from cloud_sync.papers.style import PaperStyle


class SignatureShown(Shown):
    """A signature, and whether it ``covers`` the record as it is now and is ``intact``."""

    printed_name: str
    person: str
    meaning: str
    proof: str
    reason: str
    signed_at: AwareDatetime
    covers: bool
    intact: bool
    subject: str = ""


class HoldShown(Shown):
    """Why something may not be issued."""

    kind: str
    text: str
    place: str | None = None
    serial: str | None = None


def signature_blocks(
    signatures: Sequence[SignatureShown], style: PaperStyle, *, by_hand: Sequence[str] = ()
) -> list[Block]:
    """The section of signatures; without any, it says so."""
    lines = [
        SignatureLine(
            f"{each.printed_name} ({each.person})", each.meaning, style.when(each.signed_at, seconds=True), _note(each)
        )
        for each in signatures
    ]
    nobody = [] if lines or by_hand else [Text("Nobody has signed this record.", Tone.SOFT)]
    return [Heading("Signatures"), *nobody, Signatures(lines, by_hand)]


def _note(each: SignatureShown) -> str:
    note = f"by {each.proof}: {each.reason}" if each.reason else f"by {each.proof}"
    if each.subject:
        note = f"{each.subject}: {note}"
    if not each.intact:
        return f"{note}\nNOT INTACT: this signature was changed"
    return note if each.covers else f"{note}\nThe record has changed since it was signed"


def titled(title: str, name: str) -> str:
    """What people call something, with its name in the ledger if that is another."""
    return f"{title} ({name})" if title and title != name else name


def counted(amount: int, one: str, many: str = "") -> str:
    """So many of something.

    >>> counted(1, "lot"), counted(3, "lot"), counted(2, "discrepancy", "discrepancies")
    ('1 lot', '3 lots', '2 discrepancies')
    """
    return f"{amount} {one if amount == 1 else many or one + 's'}"


DECIDED: Mapping[str, str] = {"release": "released", "reject": "rejected", "destroy": "to be destroyed"}
"""A decision on an exposure, as the state of the lot."""


def words(name: str) -> str:
    """A name of the ledger as a word: ``put_away`` is put away."""
    return name.replace("_", " ").replace("-", " ")


def quantity(amount: int | None, unit: str, style: PaperStyle) -> str:
    """A quantity with its base unit."""
    return f"{style.number(amount)} {unit}".rstrip() if amount is not None else style.number(None)


def period(began_at: datetime | None, ended_at: datetime | None, style: PaperStyle) -> str:
    """From when to when."""
    return f"{style.when(began_at)} to {style.when(ended_at) if ended_at else 'now'}"
