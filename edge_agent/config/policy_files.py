"""Storage policies as the ledger handed them out with a configuration: one JSON file each, named like the policy."""

from pathlib import Path

from pydantic import ValidationError

from edge_agent.domain.monitoring.policies import Policy
from edge_agent.errors import ConfigError

SUFFIX = ".json"


def read_policies(folder: Path | None) -> tuple[Policy, ...]:
    """All of a folder, by name; none without a folder. Raises ``ConfigError`` with every fault."""
    if folder is None:
        return ()
    found, faults = [], []
    for file in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            policy = Policy.model_validate_json(file.read_bytes())
        except (OSError, ValidationError) as error:
            faults.append(f"policy {file.stem}: {_words(error)}")
            continue
        if policy.name != file.stem:
            faults.append(f"policy {file.stem}: it calls itself {policy.name}")
        found.append(policy)
    if faults:
        raise ConfigError(tuple(faults))
    return tuple(found)


def _words(error: OSError | ValidationError) -> str:
    if isinstance(error, OSError):
        return f"cannot be read ({error.strerror})"
    first = error.errors()[0]
    where = ".".join(str(each) for each in first["loc"])
    return f"{where}: {first['msg']}" if where else str(first["msg"])
