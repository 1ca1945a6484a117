#!/usr/bin/env python3
"""Checks an evidence file of a Lotwarden ledger. Needs Python 3.11 and nothing else: no network, no package, no ledger.

    python3 verify.py EVIDENCE.zip --key LEDGER_KEY

LEDGER_KEY is the ledger's public key as you know it from elsewhere (cloud-sync ledger-key show, or ledger.keys on a
gateway). Without it the file is only checked against the key that it names itself, and the answer says so.

Checked are: the signature of the checkpoint (C2SP tlog-checkpoint), those of gateways that witnessed it, the place of
every row in the sealed tree (RFC 6962), that each row says what was sealed, and the bytes and signatures of gateways'
batches.
"""

import argparse
import base64
import hashlib
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

# ----------------------------------------------------------------------------------- Ed25519, after RFC 8032, section 6

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)

Point = tuple[int, int, int, int]


def _add(a: Point, b: Point) -> Point:
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    h, i, j, k = f - e, d - c, d + c, f + e
    return h * i % P, j * k % P, i * j % P, h * k % P


def _times(factor: int, point: Point) -> Point:
    result = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            result = _add(result, point)
        point = _add(point, point)
        factor >>= 1
    return result


def _same(a: Point, b: Point) -> bool:
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def _x_of(y: int, sign: int) -> int | None:
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if sign else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * SQRT_M1 % P
    if (x * x - square) % P:
        return None
    return P - x if x & 1 != sign else x


def _point(raw: bytes) -> Point | None:
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    x = _x_of(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


_BASE_Y = 4 * pow(5, P - 2, P) % P
_BASE_X = _x_of(_BASE_Y, 0) or 0
BASE: Point = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % P)


def is_signed(public: bytes, signature: bytes, words: bytes) -> bool:
    """Whether this is the Ed25519 signature of ``words`` by the key with these 32 public bytes."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, commitment = _point(public), _point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or s >= Q:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + words).digest(), "little") % Q
    return _same(_times(s, BASE), _add(commitment, _times(h, key)))


# --------------------------------------------------------------------------------------------------- the sealed tree


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf (RFC 6962, section 2.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def root_from(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes | None:
    """The root that this leaf has at this place with this proof (RFC 9162, section 2.1.3.2); None if it cannot."""
    if not 0 <= index < size:
        return None
    at, last, hashed = index, size - 1, leaf
    for each in proof:
        if last == 0:
            return None
        if at & 1 or at == last:
            hashed = hashlib.sha256(b"\x01" + each + hashed).digest()
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            hashed = hashlib.sha256(b"\x01" + hashed + each).digest()
        at, last = at >> 1, last >> 1
    return hashed if last == 0 else None


def key_id(name: str, public: bytes, kind: int) -> bytes:
    """What stands before a signature in a note (C2SP signed-note)."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


class Note:
    """A checkpoint taken apart."""

    def __init__(self, note: str) -> None:
        text, _, rest = note.rpartition("\n\n")
        self.body = text + "\n"
        self.origin, size, root = text.split("\n")
        self.size, self.root = int(size), base64.b64decode(root)
        self.signatures = []
        for line in rest.strip("\n").split("\n"):
            _, name, encoded = line.split(" ")
            raw = base64.b64decode(encoded)
            self.signatures.append((name, raw[:4], raw[4:]))

    def is_signed_by(self, public: bytes) -> bool:
        """Whether the log signed it with this key."""
        return any(
            name == self.origin
            and identity == key_id(name, public, 1)
            and is_signed(public, signature, self.body.encode())
            for name, identity, signature in self.signatures
        )

    def is_cosigned_by(self, name: str, public: bytes) -> bool:
        """Whether a gateway witnessed it (C2SP tlog-cosignature)."""
        for signer, identity, raw in self.signatures:
            if signer == name and identity == key_id(name, public, 4):
                words = f"cosignature/v1\ntime {int.from_bytes(raw[:8], 'big')}\n{self.body}".encode()
                return is_signed(public, raw[8:], words)
        return False


# ------------------------------------------------------------------------------------------------------- the check


def check(file: Any, trusted: str | None) -> tuple[list[str], list[str]]:
    """What does not fit in an evidence file (a path or a file that is open), and what was checked."""
    faults: list[str] = []
    told: list[str] = []
    with zipfile.ZipFile(file) as archive:
        evidence = json.loads(archive.read("evidence.json"))
        note = Note(evidence["checkpoint"])
        _check_note(note, evidence, trusted, faults, told)
        rows = evidence["rows"]
        digests = set()
        for row in rows:
            _check_row(row, note, faults)
            if row["table"] == "evidence":
                digests.add(json.loads(row["text"])["digest"].removeprefix("\\x"))
        _check_personal(evidence.get("personal", []), faults, told)
        _check_erasures(rows, faults, told)
        told.append(f"{len(rows)} rows, each at its place in the tree of {note.size} rows")
        gateways = {each["name"]: each["public_keys"] for each in evidence["gateways"]}
        batches = [name for name in archive.namelist() if name.startswith("batches/")]
        for name in batches:
            _check_batch(name, archive.read(name), digests, gateways, faults)
        told.append(f"{len(batches)} batches of gateways, byte for byte as they were signed")
    return faults, told


def _check_note(note: Note, evidence: dict[str, Any], trusted: str | None, faults: list[str], told: list[str]) -> None:
    keys = [trusted] if trusted else [evidence["ledger_key"]]
    for each in evidence["handovers"]:  # a key that is trusted says which one comes after it
        words = "\n".join(("lotwarden handover 1", each["by"], each["key"])).encode()
        if each["by"] in keys and is_signed(_raw(each["by"]), _raw(each["signature"]), words):
            keys.append(each["key"])
    signed = [key for key in keys if note.is_signed_by(_raw(key))]
    if not signed:
        faults.append("the checkpoint is not signed by the ledger's key")
    else:
        told.append(f"checkpoint of {note.size} rows of {note.origin}, signed with {signed[0]}")
    if not trusted:
        told.append("NOT CHECKED: whether that key is the ledger's. Ask for it elsewhere, and give it with --key")
    for each in evidence["gateways"]:
        if any(name == each["name"] for name, _, _ in note.signatures):
            if any(note.is_cosigned_by(each["name"], _raw(key)) for key in each["public_keys"]):
                told.append(f"witnessed by gateway {each['name']}")
            else:
                faults.append(f"the signature of gateway {each['name']} below the checkpoint is not genuine")


def _check_row(row: dict[str, Any], note: Note, faults: list[str]) -> None:
    where = f"{row['table']} {row['key']}"
    entry: str = row["entry"]
    lines = entry.split("\n")
    hashed = hashlib.sha256(bytes.fromhex(row["salt"]) + row["text"].encode()).hexdigest()
    if lines[:3] != ["lotwarden seal 1", row["table"], row["key"]]:
        faults.append(f"{where}: its entry is of another row")
    elif lines[5] != hashed:
        faults.append(f"{where}: it does not say what was sealed")
    proof = [bytes.fromhex(each) for each in row["proof"]]
    if root_from(leaf_hash(entry.encode()), row["index"], note.size, proof) != note.root:
        faults.append(f"{where}: it is not in the sealed tree")


def _check_personal(personal: list[dict[str, Any]], faults: list[str], told: list[str]) -> None:
    """What stands for names in the rows is their salted hash; of what was erased nothing else is left."""
    left = [each for each in personal if each["value"] is not None]
    for each in left:
        hashed = hashlib.sha256(bytes.fromhex(each["salt"]) + each["value"].encode()).hexdigest()
        if each["token"] != f"personal:{hashed}":
            faults.append(f"{each['value']}: this is not what stands in the rows as {each['token']}")
    if personal:
        told.append(f"{len(left)} names and addresses as they were sealed, {len(personal) - len(left)} erased")


def _check_erasures(rows: list[dict[str, Any]], faults: list[str], told: list[str]) -> None:
    """A row that words were erased from is named by an erasure that one person asked for and another one did."""
    said = {(row["table"], row["key"]): (json.loads(row["text"]), row["entry"].split("\n")) for row in rows}
    agreed = set()
    for (table, _), (named, entry) in said.items():
        if table == "erased_row":
            asked, _decided = said.get(("word_erasure", str(named["erasure_id"])), ({}, []))
            if asked.get("decision") == "done" and asked["decided_by"] != asked["asked_by"]:
                agreed.add((named["of_table"], named["row_name"], entry[4]))
    erased = [(*where, entry[4]) for where, (_, entry) in said.items() if entry[3] == "E"]
    for table, key, transaction in erased:
        if (table, key, transaction) not in agreed:
            faults.append(f"{table} {key}: it was changed as erased, and no erasure that two people agreed to names it")
    if erased:
        told.append(f"{len(erased)} rows from which two people had words erased: what they decided stands as it was")


def _check_batch(name: str, raw: bytes, digests: set[str], gateways: dict[str, list[str]], faults: list[str]) -> None:
    if hashlib.sha256(raw).hexdigest() not in digests:
        faults.append(f"{name}: no sealed row has the digest of these bytes")
        return
    head_end = 8 + int.from_bytes(raw[4:8], "big")
    gateway = json.loads(raw[8:head_end])["gateway"]
    if not any(is_signed(_raw(key), raw[-64:], raw[:-64]) for key in gateways.get(gateway, [])):
        faults.append(f"{name}: it is not signed by gateway {gateway}")


def _raw(text: str) -> bytes:
    return base64.b64decode(text)


def main() -> int:
    """The command; 0 if all fits."""
    parser = argparse.ArgumentParser(description="Check an evidence file of a Lotwarden ledger, offline.")
    parser.add_argument("file", type=Path, help="the evidence file (zip)")
    parser.add_argument("--key", help="the ledger's public key in base64, as you know it from elsewhere")
    asked = parser.parse_args()
    try:
        faults, told = check(asked.file, asked.key)
    except (OSError, KeyError, ValueError, IndexError, TypeError, zipfile.BadZipFile) as error:
        print(f"this is not an evidence file that can be checked: {error!r}")
        return 2
    for line in told:
        print(line)
    for line in faults:
        print(f"DOES NOT FIT: {line}")
    print("The evidence is NOT what was sealed." if faults else "OK: the evidence is what was sealed.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
