"""Every error the gateway raises on purpose.

::

    EdgeError
    ├── ConfigError          the configuration cannot be used; lists every fault
    ├── BenchError           what was asked at the bench cannot be done; lists why and what to do
    ├── DeviceError
    │   ├── DeviceLost       the device or its bus does not answer, or its connection broke
    │   ├── BadFrame         bytes came that are not an answer to what was asked
    │   ├── DeviceRefused    the device answers, and says no (Modbus exception response)
    │   └── ProfileError     a device profile cannot be used; lists every fault
    ├── JournalError         the journal cannot keep a record
    │   ├── JournalFull      no room left for scans; readings have been dropped already
    │   └── JournalDamaged   the journal's file cannot be read; the next start sets it aside
    └── UplinkError          the ledger did not take what was sent
        ├── LinkDown         no connection, time-out, 5xx: try again later
        └── Refused          the ledger knows us and says no: trying again will not help

``edge_agent.domain`` raises its own ``ValueError`` subclasses (``WireError``, ``ScanRejected``).
"""


class EdgeError(Exception):
    """Base of all errors the gateway raises on purpose."""


class ConfigError(EdgeError):
    """The configuration cannot be used. ``faults`` has one line each: where, what, what to write instead."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class BenchError(EdgeError):
    """What a person asked for at the bench cannot be done. ``faults`` has one line each: why, and what to do."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class DeviceError(EdgeError):
    """Something is wrong with a device."""

    def __init__(self, device: str, reason: str) -> None:
        super().__init__(f"{device}: {reason}")
        self.device = device
        self.reason = reason


class DeviceLost(DeviceError):
    """The device or its bus does not answer, or its connection broke."""


class BadFrame(DeviceError):
    """Bytes came that are not an answer to what was asked: wrong checksum, header, length or sender."""


class DeviceRefused(DeviceError):
    """The device answers, and says no. ``code`` is the Modbus exception code."""

    def __init__(self, device: str, code: int, reason: str) -> None:
        super().__init__(device, reason)
        self.code = code


class ProfileError(DeviceError):
    """A device profile cannot be used. ``faults`` has one line each: file, key, what to write instead."""

    def __init__(self, profile: str, faults: tuple[str, ...]) -> None:
        super().__init__(profile, "\n".join(faults))
        self.faults = faults


class JournalError(EdgeError):
    """The journal cannot keep a record."""


class JournalFull(JournalError):
    """No room left for scans, and no readings left to drop."""


class JournalDamaged(JournalError):
    """The journal's file cannot be read. Opening it again sets it aside and starts a new one."""


class UplinkError(EdgeError):
    """The ledger did not take what was sent."""


class LinkDown(UplinkError):
    """No connection, time-out or 5xx: nothing was acknowledged, try again later."""


class Refused(UplinkError):
    """The ledger knows us and says no; trying again will not help until a person acts."""
