"""How many rounds ``./dev test-cluster`` runs, and which."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--rounds`` and ``--seed``, of ``test_rounds.py``."""
    parser.addoption("--rounds", type=int, default=12, help="rounds of kills, pauses and cut links")
    parser.addoption("--seed", type=int, default=1, help="of the rounds: the same gives the same")
