"""Names and ids as distinct types, so that a lot is never passed where a place is meant."""

from typing import NewType

GatewayName = NewType("GatewayName", str)
"""A gateway's name, unique at the ledger, e.g. ``gw-cold-1``."""

JournalId = NewType("JournalId", str)
"""UUID of one journal file. A gateway that loses its disk starts a new journal, never an old number."""

BootId = NewType("BootId", str)
"""UUID of one run of the operating system; monotonic times compare only within it."""

DeviceName = NewType("DeviceName", str)
"""A device's name below its gateway, e.g. ``fridge-a/probe-1``."""

ChannelName = NewType("ChannelName", str)
"""Device name and metric: ``fridge-a/probe-1/temp_c``."""

PlaceName = NewType("PlaceName", str)
"""A place's name, unique at the ledger, e.g. ``fridge-a``."""


def channel_name(device: DeviceName, metric: str) -> ChannelName:
    """The channel of ``metric`` on ``device``: ``fridge-a/probe-1`` and ``temp_c`` give ``fridge-a/probe-1/temp_c``."""
    return ChannelName(f"{device}/{metric}")
