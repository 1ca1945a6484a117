"""Every error the ledger raises on purpose.

::

    LedgerError
    ├── ConfigError          the configuration cannot be used; lists every fault
    ├── DatabaseDown         PostgreSQL does not answer: try again later, nothing was stored
    ├── NotAllowed           no or unknown credentials, or the role may not do this
    ├── NotFound             no such place, item, lot, ...
    ├── Conflict             it exists already, or was said differently before
    ├── Invalid              the request contradicts itself or a rule
    └── BatchRefused         a gateway's batch that the ledger will not store
        ├── NotGenuine       unknown or revoked gateway, or wrong signature
        └── Forked           same identity, other content
"""


class LedgerError(Exception):
    """Base of all errors the ledger raises on purpose."""


class ConfigError(LedgerError):
    """The configuration cannot be used. ``faults`` has one line each."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class DatabaseDown(LedgerError):
    """PostgreSQL does not answer: try again later, nothing was stored."""


class NotAllowed(LedgerError):
    """No or unknown credentials, or the role may not do this."""


class NotFound(LedgerError):
    """No such place, item, lot, ..."""


class Conflict(LedgerError):
    """It exists already, or was said differently before."""


class Invalid(LedgerError):
    """The request contradicts itself or a rule."""


class BatchRefused(LedgerError):
    """A gateway's batch that the ledger will not store."""


class NotGenuine(BatchRefused):
    """Unknown or revoked gateway, or wrong signature."""


class Forked(BatchRefused):
    """Same identity, other content."""
