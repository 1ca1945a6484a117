"""Where the tests find what they read besides code."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The root of the checkout."""
DATA = ROOT / "tests" / "data"
"""Files of earlier versions and published examples."""
