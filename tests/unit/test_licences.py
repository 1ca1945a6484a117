"""Nothing under GPL or AGPL is part of the product, and what it is made of can be listed."""

from importlib.metadata import Distribution
from pathlib import Path

import pytest

from tests.support.licences import EXTRAS, components, fault_of, licence_of, sbom


def test_no_part_of_the_product_is_under_a_licence_that_binds_whoever_gets_it() -> None:
    assert {each.name: fault for each in components() if (fault := fault_of(each.licence))} == {}


@pytest.mark.parametrize(
    ("licence", "is_good"),
    [
        ("MIT", True), ("Apache-2.0 AND BSD-3-Clause", True), ("LGPL-3.0-only", True), ("", False),
        ("GNU Lesser General Public License v3 or later (LGPLv3+)", True), ("GPL-3.0-or-later", False),
        ("GNU General Public License v3 (GPLv3)", False), ("AGPL-3.0-only", False), ("MIT OR GPL-2.0-only", True),
        ("GNU Affero General Public License v3", False), ("MIT AND GPL-2.0-only", False), ("GPLv2", False),
        ("GNU Library or Lesser General Public License (LGPL)", True),
    ],
)  # fmt: skip
def test_a_licence_that_binds_would_be_seen(licence: str, is_good: bool) -> None:
    assert (fault_of(licence) == "") is is_good


def test_a_licence_is_read_wherever_the_metadata_name_it(tmp_path: Path) -> None:
    for number, (line, licence) in enumerate(
        (
            ("License-Expression: MIT", "MIT"),
            (
                "Classifier: License :: OSI Approved :: GNU Affero General Public License v3",
                "GNU Affero General Public License v3",
            ),
            ("License: AGPL-3.0", "AGPL-3.0"),
            ("Summary: says nothing", ""),
        )
    ):
        folder = tmp_path / f"thing{number}-1.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: thing{number}\nVersion: 1\n{line}\n")
        assert licence_of(Distribution.at(folder)) == licence


@pytest.mark.parametrize("extra", EXTRAS)
def test_the_list_of_parts_is_complete_and_has_the_pinned_versions(extra: str) -> None:
    bom = sbom(extra)
    named = {each["name"].lower(): each for each in bom["components"]}
    assert (bom["bomFormat"], bom["specVersion"]) == ("CycloneDX", "1.6")
    assert {"pydantic", "cryptography", "pydantic_core"} <= named.keys()
    assert len({each["bom-ref"] for each in bom["components"]}) == len(bom["components"])
    if extra == "cloud":
        assert {"psycopg", "psycopg-binary", "psycopg-pool", "argon2-cffi", "pyrage"} <= named.keys()
        (reference,) = [each for each in named["fastapi"]["externalReferences"] if each["hashes"]][:1]
        assert len(reference["hashes"][0]["content"]) == 64
    assert "pytest" not in named
