"""What the console has, and how people get there: every page is one click, or one key, from every other."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the navigation. ``key`` opens it from anywhere; ``holds`` are the beginnings of other addresses that
    belong to it."""

    path: str
    name: str
    key: str = ""
    holds: tuple[str, ...] = ()

    def is_at(self, path: str) -> bool:
        """Whether a visitor at ``path`` is on this page, or on one that belongs to it."""
        return any(path == each or (each != "/" and path.startswith(f"{each}/")) for each in (self.path, *self.holds))


@dataclass(frozen=True, slots=True)
class Group:
    """Pages about one kind of work."""

    name: str
    entries: tuple[Entry, ...]


GROUPS = (
    Group(
        "Overview",
        (
            Entry("/", "Now", "n", ("/rooms",)),
            Entry("/quarantine", "Quarantine", "q"),
            Entry("/cases", "Exceptions", "e"),
            Entry("/alerts", "Alerts", "u"),
        ),
    ),
    Group(
        "Goods",
        (
            Entry("/receiving", "Receiving", "r"),
            Entry("/orders", "Orders", "o", ("/new-order",)),
            Entry("/picks", "Picks", "p"),
            Entry("/transfers", "Transfers", "t"),
            Entry("/returns", "Returns", "b"),
            Entry("/destruction", "Destruction", "d"),
        ),
    ),
    Group(
        "Stock",
        (
            Entry("/lots", "Lots", "l"),
            Entry("/expiry", "Expiry and FEFO", "x"),
            Entry("/serials", "Serials", "8", ("/devices", "/theft", "/field-corrections")),
            Entry("/counts", "Counts", "c"),
            Entry("/controlled", "Controlled items", "0"),
            Entry("/downtime", "Downtime", "z"),
            Entry("/trace", "Trace", "h"),
            Entry("/finance", "Finance", "f"),
            Entry("/charges", "Buy and bill", "B", ("/new-administration",)),
        ),
    ),
    Group(
        "Planning",
        (
            Entry("/planning", "Planning", "1"),
            Entry("/control-tower", "Control tower", "2"),
            Entry("/shortages", "Shortages", "3"),
        ),
    ),
    Group(
        "Quality",
        (
            Entry("/recalls", "Recalls", "w", ("/new-recall",)),
            Entry("/claims", "Claims", "7", ("/complaints", "/new-complaint")),
            Entry(
                "/trading-partners",
                "Trading partners",
                "9",
                ("/transaction-data", "/verification", "/suspects", "/tracing-requests"),
            ),
            Entry(
                "/compounding",
                "Compounding",
                "m",
                ("/production-batches", "/master-formulation-records", "/new-formulation"),
            ),
            Entry("/quality", "Quality control", "Q"),
            Entry("/reports", "Reports", "s"),
            Entry("/audit", "Audit", "a"),
            Entry(
                "/records",
                "Records",
                "v",
                (
                    "/changes",
                    "/change-control",
                    "/retention",
                    "/training",
                    "/equipment",
                    "/agreements",
                    "/access-reviews",
                ),
            ),
        ),
    ),
    Group(
        "System",
        (
            Entry("/gateways", "Gateways", "g"),
            Entry("/loggers", "Loggers", "6"),
            Entry("/releases", "Releases", "y"),
            Entry("/connections", "Connections", "4"),
            Entry("/hospital-messages", "Hospital messages", "5"),
            Entry("/administration", "Administration", "i", ("/setup",)),
        ),
    ),
)
"""In the order of the day's work."""


def entry_at(path: str) -> Entry | None:
    """The page in the navigation that ``path`` belongs to.

    >>> entry_at("/new-order").name
    'Orders'
    >>> entry_at("/nonsense")
    """
    return next((entry for group in GROUPS for entry in group.entries if entry.is_at(path)), None)
