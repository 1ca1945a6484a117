"""What the product is made of, and under which licences: ``./dev sbom`` writes it as CycloneDX, a test keeps GPL out.

What an extra of pyproject.toml needs is followed through the metadata of the installed packages, so that nothing has to
be fetched; ``pi`` is looked at where it is installed.
"""

import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.hash_lock import FILE
from tests.support.paths import ROOT

EXTRAS = ("edge", "cloud", "cluster", "s3", "commission", "pi")
"""What people install. The others are tools of the developers."""
FORBIDDEN = re.compile(r"(?<!L)\b(A?GPL|GNU (Affero )?General Public)", re.IGNORECASE)
LESSER = re.compile(r"\bLGPL|Lesser General Public|Library General Public", re.IGNORECASE)
READ_BY_A_PERSON: Mapping[str, str] = {"pyrage": "MIT"}
"""Packages whose metadata name no licence, and what their licence file says."""


@dataclass(frozen=True)
class Component:
    """A package that is part of the product. ``licence`` is what its metadata say, "" if they say nothing."""

    name: str
    version: str
    licence: str
    extras: frozenset[str]

    @property
    def purl(self) -> str:
        """https://github.com/package-url/purl-spec"""
        return f"pkg:pypi/{canonicalize_name(self.name)}@{self.version}"


def components(extras: tuple[str, ...] = EXTRAS) -> list[Component]:
    """Everything that these extras bring, by name."""
    found: dict[str, tuple[Distribution, set[str]]] = {}
    for extra in extras:
        for each in _closure(extra):
            found.setdefault(canonicalize_name(each.metadata["Name"]), (each, set()))[1].add(extra)
    return [
        Component(each.metadata["Name"], each.version, licence_of(each), frozenset(by))
        for _, (each, by) in sorted(found.items())
    ]


def licence_of(package: Distribution) -> str:
    """As its metadata name it: an SPDX expression, or what was written before there were any."""
    said = package.metadata
    expression = said.get("License-Expression")
    if expression:
        return expression
    classifiers = [line.rpartition(" :: ")[2] for line in said.get_all("Classifier", []) if line.startswith("License")]
    classifiers = [line for line in classifiers if line != "OSI Approved"]
    text = (said.get("License") or "").strip().splitlines()
    return (
        " AND ".join(classifiers)
        or (text[0][:200] if text else "")
        or READ_BY_A_PERSON.get(canonicalize_name(said["Name"]), "")
    )


def fault_of(licence: str) -> str:
    """Why a package with this licence may not be part of the product; "" if it may."""
    if not licence:
        return "its metadata name no licence: read its licence file, and write it into READ_BY_A_PERSON"
    alternatives = re.split(r"\s+OR\s+", licence)
    if all(FORBIDDEN.search(LESSER.sub("", each)) for each in alternatives):
        return f"{licence} would bind whoever gets the product"
    return ""


def sbom(extra: str) -> dict[str, Any]:
    """CycloneDX 1.6 of what an extra brings."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    hashes = _hashes(FILE.read_text())
    parts = components((extra,))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, ''.join(each.purl for each in parts))}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application", "bom-ref": f"lotwarden-{extra}", "name": f"lotwarden[{extra}]",
                "version": version, "licenses": [{"expression": "Apache-2.0"}],
            }
        },
        "components": [_component(each, hashes) for each in parts],
        "dependencies": [{"ref": f"lotwarden-{extra}", "dependsOn": [each.purl for each in parts]}],
    }  # fmt: skip


def _component(part: Component, hashes: Mapping[str, list[str]]) -> dict[str, Any]:
    is_spdx = re.fullmatch(r"[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*", part.licence)
    licence = {"expression": part.licence} if is_spdx else {"license": {"name": part.licence}}
    files = [
        {"type": "distribution", "url": part.purl,
         "hashes": [{"alg": "SHA-256", "content": each}]}
        for each in hashes.get(canonicalize_name(part.name), ())
    ]  # fmt: skip
    return {
        "type": "library", "bom-ref": part.purl, "name": part.name, "version": part.version, "purl": part.purl,
        "licenses": [licence], **({"externalReferences": files} if files else {}),
    }  # fmt: skip


def _hashes(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if not line.startswith((" ", "#")):
            name = canonicalize_name(line.partition("==")[0])
        found.setdefault(name, []).extend(re.findall(r"sha256:([0-9a-f]{64})", line))
    return found


def _closure(extra: str) -> Iterator[Distribution]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    waiting = [Requirement(each) for each in [*project["dependencies"], *project["optional-dependencies"][extra]]]
    seen: set[tuple[str, str]] = set()
    told: set[str] = set()
    while waiting:
        wanted = waiting.pop()
        for of_extra in {"", *wanted.extras}:
            key = canonicalize_name(wanted.name), of_extra
            if key in seen or (wanted.marker and not wanted.marker.evaluate({"extra": ""})):
                continue
            seen.add(key)
            try:
                package = distribution(wanted.name)
            except PackageNotFoundError:
                if extra == "pi":
                    continue  # for the machine whose pins it drives
                raise
            if key[0] not in told:
                told.add(key[0])
                yield package
            waiting += [
                Requirement(str(need).partition(";")[0])
                for need in map(Requirement, package.requires or ())
                if _is_needed(need, of_extra)
            ]


def _is_needed(need: Requirement, extra: str) -> bool:
    if need.marker is None:
        return not extra
    return need.marker.evaluate({"extra": extra}) and (not extra or not need.marker.evaluate({"extra": ""}))


def main() -> None:
    """Entry point of ``./dev sbom``: one file for each way to install."""
    folder = ROOT / "dist"
    folder.mkdir(exist_ok=True)
    for extra in EXTRAS:
        path: Path = folder / f"lotwarden-{extra}.cdx.json"
        path.write_text(json.dumps(sbom(extra), indent=1) + "\n")
        sys.stdout.write(f"{path.relative_to(ROOT)}: {len(sbom(extra)['components'])} components\n")


if __name__ == "__main__":
    main()
