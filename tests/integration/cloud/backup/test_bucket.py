"""Backups in a bucket of an object storage that another project made: whole, read again, with retention, or none."""

import asyncio
import hashlib
import io
import logging
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import pytest
from pyrage import x25519

from cloud_sync.backup.archive import BackupUnusable, Written
from cloud_sync.backup.bucket import Bucket, StoredObject, stored_object
from cloud_sync.backup.bucket_client import BucketAddress, BucketFault
from cloud_sync.backup.making import COMPARED, DECRYPTED, make_backup
from cloud_sync.backup.places import good_backups
from cloud_sync.backup.restoring import inspect, restore
from cloud_sync.backup.settings import BucketSettings
from cloud_sync.errors import Invalid
from cloud_sync.ingest.batches import store_batch
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.records import Action
from tests.support.builders import NOON, GatewayWithKey, Ledger, line, minute, scan
from tests.support.object_storage import BUCKET, REGION, ObjectStorage, object_storage
from tests.support.recycled_databases import RecycledDatabases
from tests.support.relay import Relay

KEY = x25519.Identity.generate()
SECRET = "SECRETSECRETSECRETSECRET"


@pytest.fixture(scope="module")
def storage() -> Iterator[ObjectStorage]:
    with object_storage() as running:
        yield running


def bucket(storage: ObjectStorage, keys: Path, path: str, *, url: str = "", name: str = BUCKET) -> Bucket:
    settings = BucketSettings(url or storage.url, REGION, keys)
    return Bucket(BucketAddress(name, path), settings, part_bytes=5 << 20)


def backed_up(database: Database, place: Bucket, *, day: int = 0, keep: int = 14) -> tuple[str, list[str]]:
    made, gone = make_backup(
        database, place, recipients=[], key=KEY, keep=keep, at=NOON + timedelta(days=day), actor="amy"
    )
    assert made.read_back == DECRYPTED
    return made.name, gone


@contextmanager
def cable(port: int, *budgets: int) -> Iterator[str]:
    """The address of a cable to the storage that breaks after so many bytes of each connection, for ever."""
    loop = asyncio.new_event_loop()
    relay = Relay(port, [*budgets, *([0] * 50)])
    loop.run_until_complete(relay.start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{relay.port}"
    finally:
        asyncio.run_coroutine_threadsafe(relay.stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_a_ledger_is_backed_up_to_a_bucket_old_ones_go_and_one_is_restored(
    ledger: Ledger, gateway: GatewayWithKey, databases: RecycledDatabases, storage: ObjectStorage, tmp_path: Path
) -> None:
    store_batch(ledger.database, gateway.batch(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10, "L1"))))
    keys = storage.keys_of("whole", tmp_path)
    place = bucket(storage, keys, "pharmacy/main")
    names = [backed_up(ledger.database, place, day=day, keep=2) for day in range(3)]
    assert [gone for _, gone in names] == [[], [], [names[0][0]]]
    assert good_backups(place) == [names[2][0], names[1][0]]
    assert len(storage.names("pharmacy/main/")) == 4, "each with what is said of it"
    wanted = ledger.balances()

    # One whose upload was changed is no good one, and is left for a person to look at.
    key = f"pharmacy/main/{names[2][0]}"
    storage.admin.put_object(BUCKET, key, io.BytesIO(b"age-encryption.org"), 18)
    assert good_backups(place) == [names[1][0]]

    settings = BucketSettings(storage.url, REGION, keys)
    stored = stored_object(f"s3://{BUCKET}/pharmacy/main/{names[1][0]}", settings)
    header, rows = inspect(stored, KEY)
    assert header.made_at == NOON + timedelta(days=1)
    with databases.lent() as target:
        done = restore(target, stored, KEY, at=NOON, actor="amy", reason="the disk failed")
        assert done.rows == rows
        assert Ledger(databases.open(target)).balances() == wanted
    with pytest.raises(BackupUnusable):
        inspect(StoredObject(place, names[2][0]), KEY)


def test_what_is_wrong_is_told_before_the_ledger_is_read_and_names_no_secret(
    database: Database, storage: ObjectStorage, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    keys = storage.keys_of("allowed", tmp_path)
    reader = storage.keys_of("reader", tmp_path, "s3:ListBucket", "s3:GetObject")
    wrong = tmp_path / "wrong.keys"
    wrong.write_text(f"{keys.read_text().split()[0]}\n{SECRET}\n")
    for place, words in (
        (bucket(storage, keys, "x", name="no-such-bucket"), "no bucket no-such-bucket|may not do this"),
        (bucket(storage, wrong, "x"), "does not accept the access key"),
        (bucket(storage, reader, "x"), "may not do this in the bucket backups"),
        (bucket(storage, keys, "x", url="http://127.0.0.1:9"), "does not answer"),
    ):
        with pytest.raises(BucketFault, match=words) as caught:
            backed_up(database, place)
        assert caught.value.what_to_do and SECRET not in str(caught.value) + caught.value.what_to_do
    assert storage.names("x/") == []
    assert SECRET not in caplog.text and keys.read_text().split()[1] not in caplog.text
    with pytest.raises(Invalid, match="no address of a bucket"):
        BucketAddress.of("s3://key:secret@bucket/x")
    with pytest.raises(Invalid, match="no credentials"):
        Bucket(BucketAddress(BUCKET, ""), BucketSettings(storage.url))
    (tmp_path / "empty.keys").write_text("one\n")
    with pytest.raises(Invalid, match="does not hold an access key"):
        bucket(storage, tmp_path / "empty.keys", "x")


def test_a_network_that_goes_half_way_leaves_nothing_that_looks_like_a_backup(
    storage: ObjectStorage, tmp_path: Path
) -> None:
    keys = storage.keys_of("cut", tmp_path)

    def fill(file: BinaryIO) -> Written:
        raw = os.urandom(12 << 20)
        for start in range(0, len(raw), 1 << 20):
            file.write(raw[start : start + (1 << 20)])
        return Written(len(raw), hashlib.sha256(raw).digest(), 1)

    with cable(storage.port, 7 << 20) as url, pytest.raises(BucketFault, match="does not answer, or stopped in the"):
        bucket(storage, keys, "half", url=url).write("lotwarden-1.lwbackup.age", fill)
    assert storage.names("half/") == []

    whole = bucket(storage, keys, "half")
    assert whole.write("lotwarden-2.lwbackup.age", fill).size_bytes == 12 << 20
    assert storage.names("half/") == ["half/lotwarden-2.lwbackup.age"]
    assert good_backups(whole) == [], "it was not read again, so it does not count"
    with cable(storage.port, 6 << 20) as url:
        broken = StoredObject(bucket(storage, keys, "half", url=url), "lotwarden-2.lwbackup.age")
        with pytest.raises(BucketFault, match="stopped in the middle"), broken.opened() as source:
            shutil.copyfileobj(source, io.BytesIO())
    whole.discard("lotwarden-2.lwbackup.age")
    assert storage.names("half/") == []


def test_a_fault_of_the_ledger_ends_the_upload_and_without_the_key_the_bytes_are_compared(
    database: Database, storage: ObjectStorage, tmp_path: Path
) -> None:
    place = bucket(storage, storage.keys_of("faulty", tmp_path), "fault")

    def fill(file: BinaryIO) -> Written:
        file.write(os.urandom(6 << 20))
        raise RuntimeError("the database went away")

    with pytest.raises(RuntimeError, match="the database went away"):
        place.write("lotwarden-1.lwbackup.age", fill)
    assert storage.names("fault/") == []
    assert storage.unfinished() == 0, "given up, so that nobody pays for it"
    made, _ = make_backup(database, place, recipients=[KEY.to_public()], key=None, keep=1, at=NOON, actor="amy")
    assert made.read_back == COMPARED and good_backups(place) == [made.name]
