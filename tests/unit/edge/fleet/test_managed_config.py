"""Which part of a gateway's file the ledger hands out, and what of it is a fault before it ever travels."""

import tomllib

import pytest

from edge_agent.config.model import GatewayConfig
from edge_agent.domain.fleet.managed_config import (
    KEYS,
    LOCAL_SECTIONS,
    MANAGED_SECTIONS,
    changes_measuring,
    differences,
    digest_of_toml,
    faults_of,
    managed_of,
    split_text,
    without_secrets,
)
from tests.support.paths import ROOT
from tests.unit.edge.runtime.test_config_loader import models_in


def test_every_section_and_key_of_the_configuration_is_either_local_or_managed() -> None:
    assert {*LOCAL_SECTIONS, *MANAGED_SECTIONS, "fleet"} == GatewayConfig.model_fields.keys()
    for section in MANAGED_SECTIONS:
        models = models_in(GatewayConfig.model_fields[section].annotation)
        known = {key for model in models if model.__name__ not in INNER for key in model.model_fields}
        assert known == KEYS[section], section


INNER = {"CounterSection", "ProofSection"}
"""Tables within an entry."""


def test_the_example_parts_into_what_stays_and_what_is_handed_out() -> None:
    text = (ROOT / "config/gateway.example.toml").read_text()
    local, managed = split_text(text)
    assert tomllib.loads(local).keys() <= set(LOCAL_SECTIONS)
    assert set(tomllib.loads(managed)) <= set(MANAGED_SECTIONS)
    assert faults_of(managed, {}) == ()


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ('[uplink]\nurl = "x"\n', "[uplink] stays at the gateway"),
        ("[jornal]\n", "there is no section [jornal]"),
        ("[journal]\nthin_windows_s = 1\n", "did you mean thin_window_s?"),
        ('[[device]]\nname = "a"\n[[device]]\nname = "a"\n', "a is there twice"),
        ('[[device]]\nname = "a"\nbindkey = "00"\n', "bindkey is a secret"),
        ("device = 3\n", "begin each with [[device]]"),
        ("x = \n", "this is not TOML"),
    ],
)
def test_a_fault_is_named_before_anything_is_handed_out(toml: str, told: str) -> None:
    assert any(told in fault for fault in faults_of(toml, {}))


def test_comments_order_and_secrets_do_not_count_for_the_digest() -> None:
    one = '[[device]]\nname = "a"\nbus = "b"\nbindkey = "00112233"\n# a word\n[calendar]\nat = "03:10"\n'
    two = '[calendar]\nat = "03:10"\n[[device]]\nbus = "b"\nname = "a"\n'
    assert digest_of_toml(one, {}) == digest_of_toml(two, {}) != digest_of_toml(two, {"p": "x = 1"})
    assert "00112233" not in without_secrets(one)


def test_a_change_of_what_is_measured_is_told_from_one_of_the_house_keeping() -> None:
    before = managed_of(tomllib.loads('[calendar]\nat = "03:10"\n[[device]]\nname = "a"\npoll_s = 10\n'))
    house = managed_of(tomllib.loads('[calendar]\nat = "04:10"\n[[device]]\nname = "a"\npoll_s = 10\n'))
    moved = managed_of(tomllib.loads('[calendar]\nat = "03:10"\n[[device]]\nname = "b"\npoll_s = 10\n'))
    assert not changes_measuring(differences(before, house))
    assert [each.path for each in differences(before, house)] == ["calendar.at"]
    assert changes_measuring(differences(before, moved))
