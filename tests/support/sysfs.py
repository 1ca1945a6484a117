"""The kernel's files about disks, as Linux writes them."""

import os
from pathlib import Path

STAT = "   91952    31131  5452106    27174  5480954  3847815 2000000  6413166        0   645020  6909677"
"""Field 7: two million sectors written (Linux, Documentation/block/stat.rst)."""


def sysfs(root: Path, folder: Path, disk: str, **device: str) -> Path:
    """The kernel's files for the disk below ``folder``, which is on its second partition."""
    block = root / "devices" / "soc" / "block" / disk
    (block / f"{disk}p2").mkdir(parents=True)
    (block / f"{disk}p2" / "partition").write_text("2\n")
    (block / f"{disk}p2" / "stat").write_text("1 1 1 1 1 1 1 1 1 1 1\n")
    (block / "stat").write_text(STAT + "\n")
    (block / "device").mkdir()
    for name, text in device.items():
        (block / "device" / name).write_text(text + "\n")
    number = os.stat(folder).st_dev
    link = root / "dev" / "block" / f"{os.major(number)}:{os.minor(number)}"
    link.parent.mkdir(parents=True)
    link.symlink_to(block / f"{disk}p2")
    (root / "uptime").write_text("172800.00 1000.00\n")
    return root
