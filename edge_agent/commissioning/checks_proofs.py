"""Whether every device and scanner of the configuration was proven, with what it is set to now."""

from collections.abc import Iterator

from edge_agent.commissioning.checks import Check, CheckState
from edge_agent.commissioning.report import PROVEN, lines_of
from edge_agent.config.model import GatewayConfig

NAMED_MAX = 3


def check_proofs(config: GatewayConfig) -> Iterator[Check]:
    """One line for all of them; none if there is no device."""
    lines = lines_of(config)
    open_ones = [line for line in lines if line.state != PROVEN]
    if not lines:
        return
    if not open_ones:
        yield Check("proofs", CheckState.OK, f"{len(lines)} of {len(lines)} devices and scanners verified")
        return
    named = ", ".join(f"{line.device} ({line.state.lower()})" for line in open_ones[:NAMED_MAX])
    more = f" and {len(open_ones) - NAMED_MAX} more" if len(open_ones) > NAMED_MAX else ""
    says = f"{len(lines) - len(open_ones)} of {len(lines)} devices and scanners verified; not {named}{more}"
    yield Check("proofs", CheckState.WARN, says, f"edge-agent probe {open_ones[0].device}")
