"""What a gateway says of its disk's wear is what the kernel's files say, and nothing where they say nothing."""

import os
from pathlib import Path

import pytest

from edge_agent.host.disk_wear import DiskWear, disk_wear
from tests.support.sysfs import sysfs


@pytest.mark.parametrize(
    ("life", "reserve", "used_pct", "pre_eol"),
    [
        ("0x01 0x03", "0x01", 30, "normal"),
        ("0x08 0x00", "0x02", 80, "warning"),
        ("0x0b 0x0a", "0x03", 110, "urgent"),
        ("0x00 0x00", "0x00", None, None),
        ("unreadable", "", None, None),
    ],
)
def test_an_emmc_says_how_much_of_its_life_is_used(
    tmp_path: Path, life: str, reserve: str, used_pct: int | None, pre_eol: str | None
) -> None:
    root = sysfs(tmp_path, tmp_path, "mmcblk0", type="MMC", life_time=life, pre_eol_info=reserve)
    wear = disk_wear(tmp_path, sys=root, uptime=root / "uptime")
    assert wear == DiskWear("mmcblk0", "MMC", 1_024_000_000, 512_000_000, used_pct, pre_eol)


def test_an_sd_card_says_what_was_written_and_no_life(tmp_path: Path) -> None:
    root = sysfs(tmp_path, tmp_path, "mmcblk1", type="SD")
    wear = disk_wear(tmp_path, sys=root, uptime=root / "uptime")
    assert wear is not None
    assert wear.as_data() == {
        "disk": "mmcblk1", "disk_kind": "SD", "disk_written_bytes": 1_024_000_000,
        "disk_written_bytes_a_day": 512_000_000,
    }  # fmt: skip


def test_encryption_over_one_disk_is_looked_through_and_a_young_machine_has_no_mean(tmp_path: Path) -> None:
    root = sysfs(tmp_path, tmp_path, "mmcblk0", type="MMC", life_time="0x02 0x02")
    mapper = root / "devices" / "virtual" / "block" / "dm-0"
    (mapper / "slaves").mkdir(parents=True)
    (mapper / "slaves" / "mmcblk0p2").symlink_to(root / "devices" / "soc" / "block" / "mmcblk0" / "mmcblk0p2")
    (link,) = (root / "dev" / "block").iterdir()
    link.unlink()
    link.symlink_to(mapper)
    (root / "uptime").write_text("60.0 1.0\n")
    assert disk_wear(tmp_path, sys=root, uptime=root / "uptime") == DiskWear(
        "mmcblk0", "MMC", 1_024_000_000, None, 20, None
    )


def test_a_folder_that_is_on_no_disk_says_nothing(tmp_path: Path) -> None:
    assert disk_wear(tmp_path, sys=tmp_path) is None
    assert disk_wear(tmp_path / "missing") is None


def test_the_machine_this_runs_on_says_only_what_its_kernel_says(tmp_path: Path) -> None:
    wear = disk_wear(tmp_path)
    assert wear is None or (wear.device in os.listdir("/sys/block") and None not in wear.as_data().values())
