"""A machine that does to a ledger, in any interleaving, what gateways and people do to it, and watches what must hold.

Things take plain numbers and choose from what there is at that moment, so that nearly every step does something.
"""

from collections import Counter
from typing import Any, ClassVar

from hypothesis.stateful import initialize, rule

from edge_agent.domain.wire.records import Action
from tests.machine.correcting import Correcting
from tests.machine.deciding import Deciding
from tests.machine.doing import things
from tests.machine.expected import Expected
from tests.machine.gateways import Gateways
from tests.machine.house import (
    LOTS,
    OWNED,
    House,
)
from tests.machine.outages import Outages
from tests.machine.stock import Stock
from tests.support.ledger_api import Somebody

FIRST_STOCK = (("fridge-a", "A1", 6), ("store", "A2", 6), ("store", "D1", 8), ("clean-room", "D2", 5),
               ("fridge-b", "V1", 5), ("store", "X1", 4), ("shelf-a", "A1", 3), ("store", "S1", 1),
               ("vault", "A2", 4), ("store", "O1", 6), ("fridge-b", "O1", 3))  # fmt: skip


class Machine(Gateways, Outages, Stock, Deciding, Correcting):
    """Set ``client``, ``database`` and ``clock`` on a subclass before it runs."""

    tried: ClassVar[Counter[str]] = Counter()
    """Stories, steps, and things done by name."""

    @initialize()
    def move_in(self) -> None:
        self.tried["stories"] += 1
        self.house = House(self.client, self.database)
        self.model = Expected(self.house, item_of={**LOTS, **OWNED})
        self.retries: list[tuple[Somebody, str, Any, int]] = []
        self.orders: list[tuple[str, str]] = []
        self.counts: list[str] = []
        self.aside = {}
        self.approved: list[str] = []
        self.steps = 0
        self.set_clock(0)
        for place, lot, quantity in FIRST_STOCK:
            self.command_move(Action.RECEIVE, "acme", place, lot, quantity, 0)
        self.set_clock(30)
        self.a_batch_is_planned(4)
        self.ingredients_go_in(0, "D1", 3, 20, "store")

    @rule(thing=things)
    def step(self, thing: tuple[str, dict[str, Any]]) -> None:
        name, drawn = thing
        self.tried["steps"] += 1
        self.tried[name] += 1
        getattr(self, name)(**drawn)
