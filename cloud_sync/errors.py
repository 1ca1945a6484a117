"""Every error the ledger raises on purpose.

::

    LedgerError
    ├── ConfigError          the configuration cannot be used; lists every fault
    ├── WrongUser            this user of the operating system must not touch these data
    ├── DatabaseDown         PostgreSQL does not answer: try again later, nothing was stored
    │   ├── StoredOrNot      it was lost while it stored: what was asked for may have been done or not
    │   └── Overtaken        two transactions were in each other's way, and this one gave way: try again at once
    ├── ArchiveUnreadable    a file of the archive is missing, damaged or exchanged: its time is not known
    ├── NotAllowed           the role may not do this
    │   └── NotKnown         no credentials, or unknown or revoked ones
    │       └── SecondFactorMissing  the password is right; a code or a security key is missing
    ├── NotFound             no such place, item, lot, ...
    ├── Conflict             it exists already, or was said differently before
    ├── TooMany              asked too often: try again later
    ├── Invalid              the request contradicts itself or a rule
    ├── TooLarge             the answer would be larger than whoever asked wants it
    └── BatchRefused         a gateway's batch that the ledger will not store
        ├── NotGenuine       unknown or revoked gateway, or wrong signature
        └── Forked           same identity, other content
"""

from datetime import datetime


class LedgerError(Exception):
    """Base of all errors the ledger raises on purpose. ``what_to_do`` tells the user how to go on."""

    what_to_do = "Look at the error text; if it does not help, show it to the ledger's administrator."

    def __init__(self, error: str = "", what_to_do: str | None = None) -> None:
        super().__init__(error)
        if what_to_do is not None:
            self.what_to_do = what_to_do


class ConfigError(LedgerError):
    """The configuration cannot be used. ``faults`` has one line each."""

    what_to_do = "Correct the configuration file; config/ledger.example.toml shows every setting."

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class WrongUser(LedgerError):
    """This user of the operating system must not touch these data."""


class DatabaseDown(LedgerError):
    """PostgreSQL does not answer: try again later, nothing was stored."""

    what_to_do = "Nothing was stored. Send the same again in a few seconds; check the database if it lasts."


class StoredOrNot(DatabaseDown):
    """PostgreSQL was lost while it committed, or between transactions of one request: it may be stored or not."""

    what_to_do = (
        "It may have been stored or not. Look before you send it again; the same request with the same client_id "
        "counts once."
    )


class UpgradeFailed(LedgerError):
    """A migration did not go through. It is one transaction: the database is as it was."""

    what_to_do = (
        "Nothing was changed: the version that ran before goes on with this database. Install that one again, and "
        "report the message above."
    )


class Busy(LedgerError):
    """More ask for the same thing at once than are let in: nothing was stored, try again later."""

    what_to_do = "Nothing was stored. Send the same again in a few seconds."


class Overtaken(DatabaseDown):
    """Two transactions were in each other's way, and this one gave way: nothing was stored, try again at once."""

    what_to_do = "Nothing was stored. Send the same again."


class ArchiveUnreadable(LedgerError):
    """A file of the archive (``name``) is missing, damaged or exchanged: what was measured then is not known.

    ``before``: of what was asked for, readings up to then are in the archive; ``helps``: what to do beside a copy.
    """

    what_to_do = (
        "Restore the file from a copy of the archive, then run cloud-sync verify. Holds and decisions stay as they are."
    )

    def __init__(self, name: str, why: str, helps: str = "", *, before: datetime | None = None) -> None:
        when = f"up to {before:%Y-%m-%d %H:%M} UTC" if before else "of this time"
        super().__init__(
            f"readings {when} are in the archive, and cannot be read: {name}: {why}",
            f"{helps} Then run cloud-sync verify. Holds and decisions stay as they are." if helps else None,
        )
        self.name, self.why, self.helps, self.before = name, why, helps, before


class NotAllowed(LedgerError):
    """The role may not do this."""

    what_to_do = "Use a token whose role may do this: cloud-sync token create NAME --role ROLE."


class NotKnown(NotAllowed):
    """No credentials, or unknown or revoked ones."""

    what_to_do = "Send 'Authorization: Bearer TOKEN' with a token made by: cloud-sync token create NAME --role ROLE."


class SecondFactorMissing(NotKnown):
    """The password is right, and the second factor is missing. ``has_key``: the person has a security key for it."""

    def __init__(self, error: str, what_to_do: str, *, has_key: bool) -> None:
        super().__init__(error, what_to_do)
        self.has_key = has_key


class NotFound(LedgerError):
    """No such place, item, lot, ..."""

    what_to_do = "Check the name or id against the list of what exists, or create it first."


class Conflict(LedgerError):
    """It exists already, or was said differently before."""

    what_to_do = "Read what the ledger holds now, and decide again."


class TooMany(LedgerError):
    """Asked too often: try again later."""

    what_to_do = "Wait a minute and try again."


class Invalid(LedgerError):
    """The request contradicts itself or a rule."""

    what_to_do = "Correct the request; /docs describes every field."


class TooLarge(LedgerError):
    """The answer would be larger than whoever asked wants it."""

    what_to_do = "Narrow the question."


class BatchRefused(LedgerError):
    """A gateway's batch that the ledger will not store."""


class NotGenuine(BatchRefused):
    """Unknown or revoked gateway, or wrong signature."""


class Forked(BatchRefused):
    """Same identity, other content. ``evidence_id`` is the batch that was stored first."""

    def __init__(self, reason: str, evidence_id: int) -> None:
        super().__init__(reason)
        self.evidence_id = evidence_id
