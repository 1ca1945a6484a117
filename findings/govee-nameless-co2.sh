#!/bin/sh
# Surprise: govee-ble reads a CO2 monitor (H5140) whose name was not heard as an H5108: the high byte of its CO2 becomes a
# battery of 2 %, and its error flag is ignored, so a faulty sensor gives 20.3 degrees as a good value.
# Why it matters: the name comes in the scan response, a host may miss it; a storage room would be believed in order.
# Version: govee-ble 1.5.2, home-assistant-bluetooth as resolved by pip. Seen: 2026-11-28.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q govee-ble==1.5.2
"$dir/venv/bin/python" - <<'PY'
import sys

from govee_ble import GoveeBluetoothDeviceData
from home_assistant_bluetooth import BluetoothServiceInfo

FAULTY = bytes.fromhex("0101031abc025801")  # an H5140 that reports a fault (last byte), from govee-ble's own tests


def read(name):
    info = BluetoothServiceInfo(name, "0C:4E:A0:DB:30:3A", -60, {1: FAULTY}, {}, [], "local")
    update = GoveeBluetoothDeviceData().update(info)
    return {key.key: value.native_value for key, value in update.entity_values.items()}


named, nameless = read("GV5140303A"), read("")
print("with its name:   ", named)
print("without its name:", nameless)
surprised = named["temperature"] == "error" and nameless["temperature"] == 20.3 and nameless["battery"] == 2
print("as seen" if surprised else "the behaviour changed")
sys.exit(0 if surprised else 1)
PY
