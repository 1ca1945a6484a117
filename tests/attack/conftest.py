"""The same ledger with two refrigerators as the other tests use."""

from tests.integration.conftest import gateway, ledger, say

__all__ = ["gateway", "ledger", "say"]
