"""What the kernel says of its clock: statuses as chrony, ntpd, timesyncd and a cold boot leave them."""

import ctypes

import pytest

from edge_agent.timekeeping.sync import Timex, status_is_synced


@pytest.mark.parametrize(
    ("status", "is_synced"),
    [
        (0x0040, False),  # a cold boot, or set by hand: STA_UNSYNC alone
        (0x0041, False),  # ntpd before it has decided: STA_PLL | STA_UNSYNC
        (0x0000, True),  # chrony: steers the frequency by itself
        (0x0001, True),  # timesyncd, ntpd: STA_PLL
        (0x2001, True),  # ntpd with STA_NANO
        (0x2107, True),  # a GPS with a pulse: STA_PLL | STA_PPSFREQ | STA_PPSTIME | STA_PPSSIGNAL | STA_NANO
        (0x0011, True),  # on the day of a leap second: STA_PLL | STA_INS
        (0x2051, False),  # the same after the source was lost
    ],
)
def test_a_clock_is_synchronised_unless_the_kernel_says_that_it_is_not(status: int, is_synced: bool) -> None:
    assert status_is_synced(status) is is_synced


def test_the_status_is_read_where_the_kernel_writes_it() -> None:
    """``struct timex`` of linux/timex.h: modes, four longs, status."""
    word = ctypes.sizeof(ctypes.c_long)
    assert Timex.status.offset == 5 * word
    raw = bytearray(ctypes.sizeof(Timex))
    raw[5 * word : 5 * word + 4] = (0x2040).to_bytes(4, "little")
    assert Timex.from_buffer(raw).status == 0x2040
    assert ctypes.sizeof(Timex) >= 208, "the kernel writes the whole of it"
