#!/bin/sh
# Surprise: bleak calls back for a mere change of signal strength with the whole advertisement that BlueZ remembers, old
# manufacturer data included; nothing in the AdvertisementData says that those bytes were not heard now. Only the identity
# of the property's object shows it: it is the same object as before.
# Why it matters: when scan responses stop, a thermometer that is read from them shows its last value for ever.
# Version: bleak 3.1.0 with dbus-fast as resolved by pip. Seen: 2026-11-28.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q bleak==3.1.0
"$dir/venv/bin/python" - <<'PY'
import sys

from bleak.backends.bluezdbus.manager import BlueZManager
from dbus_fast import Message, Variant

ADAPTER, DEVICE = "/org/bluez/hci0", "/org/bluez/hci0/dev_C0_FF_EE_00_00_01"
heard = []
manager = BlueZManager()
manager._advertisement_callbacks[ADAPTER].append(lambda path, properties: heard.append(properties))


def signal(path, interface, member, signature, body):
    manager._parse_msg(Message.new_signal(path, interface, member, signature, body))


data = Variant("a{qv}", {0xEC88: Variant("ay", bytes.fromhex("0000C8C56400"))})
device = {"Adapter": Variant("o", ADAPTER), "Address": Variant("s", "C0:FF:EE:00:00:01"), "RSSI": Variant("n", -60),
          "ManufacturerData": data}
signal("/", "org.freedesktop.DBus.ObjectManager", "InterfacesAdded", "oa{sa{sv}}", [DEVICE, {"org.bluez.Device1": device}])
for rssi in (-70, -50):  # signal strengths alone, an hour later
    signal(DEVICE, "org.freedesktop.DBus.Properties", "PropertiesChanged", "sa{sv}as",
           ["org.bluez.Device1", {"RSSI": Variant("n", rssi)}, []])
for properties in heard:
    print(properties["RSSI"], {key: bytes(value).hex() for key, value in properties["ManufacturerData"].items()})
surprised = len(heard) == 3 and heard[2]["ManufacturerData"] is heard[0]["ManufacturerData"]
print("as seen" if surprised else "the behaviour changed")
sys.exit(0 if surprised else 1)
PY
