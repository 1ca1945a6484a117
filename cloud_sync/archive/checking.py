"""Holds every file of the archive against what the ledger knows of it, and names what does not fit."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cloud_sync.archive.manifests import ManifestFault, read_manifest, sha256_of
from cloud_sync.archive.stores import Store, StoreFault

READ_AT_ONCE_BYTES = 1 << 20
FOREIGN = (
    "this ledger does not know it: it was written by a run that did not end, or after the backup that this ledger was "
    "restored from"
)
EXCHANGED = "the file is not the one that was written: its hash differs"


@dataclass(frozen=True, slots=True)
class ArchiveFinding:
    """A file (or manifest) by its name, and what is wrong with it. ``is_foreign``: the ledger does not know it."""

    name: str
    what: str
    is_foreign: bool = False


def check_archive(
    store: Store, manifests: list[Mapping[str, Any]], files: list[Mapping[str, Any]], public_keys: frozenset[str]
) -> Iterator[ArchiveFinding]:
    """Every manifest and file that the ledger knows, byte for byte, and files that it does not know.

    ``manifests`` (``name``, ``sha256``) and ``files`` (``name``, ``bytes``, ``sha256``) are the ledger's rows.
    """
    listed: dict[str, str] = {}
    previous = ""
    for row in manifests:
        fault, told = _manifest(store, row, public_keys, previous)
        if fault:
            yield ArchiveFinding(row["name"], fault)
        listed |= {each["name"]: each["sha256"] for each in told.get("files", [])}
        previous = bytes(row["sha256"]).hex()
    for row in files:
        fault = _file_fault(store, row)
        if fault:
            yield ArchiveFinding(row["name"], fault)
        elif listed.get(row["name"], bytes(row["sha256"]).hex()) != bytes(row["sha256"]).hex():
            yield ArchiveFinding(row["name"], "its manifest says another hash than the ledger")
    known = {row["name"] for row in (*manifests, *files)}
    try:
        strange = [name for name in store.sizes() if name not in known]
    except StoreFault as error:
        yield ArchiveFinding(store.url, str(error))
        return
    for name in strange:
        yield ArchiveFinding(name, FOREIGN, is_foreign=True)


def _manifest(
    store: Store, row: Mapping[str, Any], public_keys: frozenset[str], previous: str
) -> tuple[str, dict[str, Any]]:
    """What is wrong with it ("" for nothing), and what it says."""
    try:
        raw = store.part(row["name"], 0, store.size(row["name"]) or 0)
    except StoreFault as error:
        return str(error), {}
    if sha256_of(raw) != bytes(row["sha256"]):
        return "it is not the one that was written: its hash differs", {}
    try:
        told = read_manifest(raw)
    except ManifestFault as error:
        return str(error), {}
    if told["by"] not in public_keys:
        return "it is signed by a key that is not this ledger's", told
    if told["previous_sha256"] != previous:
        return "it does not follow the manifest before", told
    return "", told


def _file_fault(store: Store, row: Mapping[str, Any]) -> str:
    try:
        size = store.size(row["name"])
        if size is None:
            return "the file is missing"
        if size != row["bytes"]:
            return f"the file has {size} bytes and not {row['bytes']}"
        digest = hashlib.sha256()
        for offset in range(0, size, READ_AT_ONCE_BYTES):
            digest.update(store.part(row["name"], offset, READ_AT_ONCE_BYTES))
    except StoreFault as error:
        return str(error)
    return "" if digest.digest() == bytes(row["sha256"]) else EXCHANGED
