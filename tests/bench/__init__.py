"""Measurements, not tests: ``./dev bench``. Each module here measures a few figures of the README.

A module offers ``FIGURES: dict[str, Callable[[], Figure]]`` under the names that ``./dev bench --only`` takes. Peers
and raw limits are measured in the same run, side by side, because absolute numbers of a shared machine mean little.
"""
