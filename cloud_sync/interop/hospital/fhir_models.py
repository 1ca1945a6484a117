"""The models of ``fhir.resources`` (extra ``lotwarden[fhir]``) check the shape of what comes in, where installed."""

from functools import cache
from importlib import import_module
from typing import Any

from pydantic import ValidationError

from cloud_sync.interop.hospital.fhir_rules import Release, RuleFault

_MODULES = {Release.R4: "fhir.resources.R4B", Release.R5: "fhir.resources"}
"""R4B of the library is R4 in the resources of this ledger."""
FAULTS_MAX = 20


def shape_faults_of(resource: Any, release: Release, type_: str) -> list[RuleFault]:
    """What another library's model of this type does not take; none where it is not installed."""
    model = _model(release, type_)
    if model is None:
        return []
    try:
        model.model_validate(resource)
    except ValidationError as error:
        return [
            RuleFault(".".join([type_, *map(str, fault["loc"])]), str(fault["msg"])[:300], "structure")
            for fault in error.errors()[:FAULTS_MAX]
        ]
    return []


@cache
def _model(release: Release, type_: str) -> Any | None:
    try:
        module = import_module(f"{_MODULES[release]}.{type_.lower()}")
    except ImportError:
        return None
    return getattr(module, type_)
