"""The archive in a bucket of an object storage that another project made: read from there, or told what is wrong."""

import io
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from cloud_sync.actions.monitoring.archive_status import archive_status, check_whole_archive
from cloud_sync.actions.monitoring.archiving import archive_readings
from cloud_sync.actions.monitoring.measurements import readings_of
from cloud_sync.archive.bucket_store import NOT_ASKED_S, BucketStore
from cloud_sync.archive.manifests import read_manifest
from cloud_sync.archive.opening import reach_buckets_by, store_at
from cloud_sync.archive.stores import StoreFault
from cloud_sync.backup.bucket_client import BucketAddress
from cloud_sync.backup.settings import BucketSettings
from cloud_sync.errors import ArchiveUnreadable, Conflict
from tests.integration.cloud.actions.monitoring.test_archiving import LONG_AFTER, a_spring
from tests.integration.cloud.commands.test_archive import run
from tests.integration.cloud.commands.test_cloud_sync import config
from tests.integration.conftest import Said
from tests.support.builders import Ledger, minute
from tests.support.object_storage import BUCKET, REGION, ObjectStorage, object_storage

NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def storage() -> Iterator[ObjectStorage]:
    with object_storage() as running:
        yield running


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    yield
    reach_buckets_by(BucketSettings())


def use(storage: ObjectStorage, keys: Path, url: str = "") -> None:
    reach_buckets_by(BucketSettings(url or storage.url, REGION, keys))


def archive(ledger: Ledger, url: str) -> int:
    done = archive_readings(ledger.database, store_at(url), months=2, at=LONG_AFTER, actor="amy")
    return sum(each.readings for each in done)


def test_readings_go_to_a_bucket_and_are_read_from_there_or_what_is_wrong_is_told(
    ledger: Ledger, say: Said, storage: ObjectStorage, tmp_path: Path
) -> None:
    a_spring(say)
    (channel,) = [row["id"] for row in ledger.rows("SELECT id FROM channel WHERE device = 'probe-a'")]
    keys, url = storage.keys_of("archivist", tmp_path), f"s3://{BUCKET}/pharmacy/readings"
    use(storage, keys)

    def month(number: int) -> list[object]:
        first = minute(0) + timedelta(days=31 * number + 1)
        return list(readings_of(ledger.database, channel, first, first + timedelta(days=15), rows_max=1000))

    before = [month(number) for number in range(3)]
    decided = ledger.held(), ledger.excursions()
    assert archive(ledger, url) > 300 and archive(ledger, url) == 0
    assert month(0) == before[0] and len(before[0]) == 61
    names = storage.names("pharmacy/readings/")
    manifest = storage.admin.get_object(BUCKET, names[0]).read()
    assert names[0].endswith("manifests/000001.json") and read_manifest(manifest)["files"][0]["readings"] > 100
    report = check_whole_archive(ledger.database)
    assert (report.store, report.files, report.findings) == (url, 3, ())

    # Exchanged and missing objects are named; what was read and checked before is not fetched again.
    march, april, may = (name for name in names if name.endswith(".parquet"))
    sound = storage.admin.get_object(BUCKET, april).read()
    storage.admin.put_object(BUCKET, april, io.BytesIO(b"x" * len(sound)), len(sound))
    for name in (march, may):
        storage.admin.remove_object(BUCKET, name)
    assert month(0) == before[0]
    for number, why in ((1, "its hash differs"), (2, "the file is missing in the bucket backups")):
        with pytest.raises(ArchiveUnreadable, match=why):
            month(number)
    assert [row["why"] for row in archive_status(ledger.database)["unreadable"]] == ["the file is missing"] * 2
    assert len(check_whole_archive(ledger.database).faults) == 3
    storage.admin.put_object(BUCKET, april, io.BytesIO(sound), len(sound))
    assert month(1) == before[1]

    # A storage that does not answer, and keys that it does not take.
    use(storage, keys, NOBODY)
    with pytest.raises(ArchiveUnreadable, match=r"127\.0\.0\.1:9 does not answer") as unread:
        month(2)
    assert "[backup.s3] endpoint" in unread.value.what_to_do and "decisions stay" in unread.value.what_to_do
    (told,) = archive_status(ledger.database)["unreadable"]
    assert told["name"] == url and "does not answer" in told["why"]
    wrong = tmp_path / "wrong.keys"
    wrong.write_text("one\ntwo\n")
    use(storage, wrong)
    with pytest.raises(ArchiveUnreadable, match="does not accept the access key"):
        month(2)
    use(storage, tmp_path / "none.keys")
    with pytest.raises(ArchiveUnreadable, match="credentials_file cannot be read"):
        month(2)
    assert (ledger.held(), ledger.excursions()) == decided


def test_who_may_not_write_is_told_and_nothing_leaves(
    ledger: Ledger, say: Said, storage: ObjectStorage, tmp_path: Path
) -> None:
    a_spring(say)
    use(storage, storage.keys_of("reading", tmp_path, "s3:ListBucket", "s3:GetObject"))
    count = ledger.rows("SELECT count(*) AS n FROM reading")
    with pytest.raises(Conflict, match="may not do this in the bucket") as refused:
        archive(ledger, f"s3://{BUCKET}/mine")
    assert "Nothing has left the database" in refused.value.what_to_do and "s3:PutObject" in refused.value.what_to_do
    assert ledger.rows("SELECT count(*) AS n FROM reading") == count and storage.names("mine/") == []


def test_a_storage_that_does_not_answer_is_not_asked_by_everybody(storage: ObjectStorage, tmp_path: Path) -> None:
    keys, now_s = storage.keys_of("waiting", tmp_path), [0.0]
    with hanging_up() as (port, calls):
        settings = BucketSettings(f"http://127.0.0.1:{port}", REGION, keys)
        store = BucketStore(BucketAddress(BUCKET, "x"), settings, clock=lambda: now_s[0])
        for is_asked in (True, False, True):
            before = len(calls)
            with pytest.raises(StoreFault, match="does not answer"):
                store.size("a")
            assert (len(calls) > before) == is_asked
            now_s[0] += NOT_ASKED_S * 0.6


@contextmanager
def hanging_up() -> Iterator[tuple[int, list[object]]]:
    """A port that lets in and hangs up; gives the calls so far."""
    calls: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with suppress(OSError):
                while True:
                    line, caller = server.accept()
                    calls.append(caller)
                    line.close()

        thread = threading.Thread(target=answer)
        thread.start()
        yield server.getsockname()[1], calls
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_the_command_takes_the_address_of_a_bucket(
    ledger: Ledger, say: Said, storage: ObjectStorage, tmp_path: Path
) -> None:
    a_spring(say)
    keys, url = storage.keys_of("commander", tmp_path), ledger.database.url
    where = f'endpoint = "{storage.url}"\nregion = "{REGION}"\ncredentials_file = "{keys}"'
    path = str(config(tmp_path, f'data_dir = "nowhere"\n[backup.s3]\n{where}'))
    done = run("archive", f"s3://{BUCKET}/by/command", "--months", "2", "--config", path, url=url)
    assert done.exit_code == 0 and "2026-03: " in done.output, done.output
    told = run("archive", "--config", path, url=url)
    assert told.exit_code == 0 and f"archive: s3://{BUCKET}/by/command" in told.output, told.output
    verified = run("verify", "--config", path, url=url)
    assert verified.exit_code == 0 and "of the archive" in verified.output.replace("\n", " "), verified.output
