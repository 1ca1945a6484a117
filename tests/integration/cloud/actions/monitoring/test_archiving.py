"""Readings leave the database for the archive, and nothing is decided or shown otherwise for it."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud_sync.actions.monitoring.archive_status import archive_status, check_whole_archive
from cloud_sync.actions.monitoring.archiving import archive_readings
from cloud_sync.actions.monitoring.measurements import hours_of, readings_of, spans_of
from cloud_sync.actions.monitoring.retention import thin_readings
from cloud_sync.actions.quality.thermal_passports import passport
from cloud_sync.archive.manifests import ManifestFault, read_manifest, sha256_of
from cloud_sync.archive.stores import FolderStore
from cloud_sync.errors import ArchiveUnreadable, Conflict
from cloud_sync.ingest.batches import store_batch
from cloud_sync.posting.monitoring.rule_tracks import assign_channel, judge_again, judge_places
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries
from edge_agent.domain.monitoring.excursions import Side
from edge_agent.domain.monitoring.policies import CumulativeRule, NoDataRule, Policy, PolicyRule
from edge_agent.domain.wire.records import Action, Record
from tests.integration.conftest import Said
from tests.support.builders import GatewayWithKey, Ledger, ledger_with_two_fridges, minute, reading, scan

LONG_AFTER = datetime(2026, 9, 15, tzinfo=UTC)
COLDER = Policy(name="colder", title="2 to 6 °C", rules=(
    PolicyRule(name="too-warm", metric="temp_c", side=Side.ABOVE, limit=6.0, on_limit_is_outside=False, delay_s=0,
               source="house"),
))  # fmt: skip


def archive(ledger: Ledger, folder: Path, *, months: int = 2, at: datetime = LONG_AFTER) -> int:
    """Archive; gives how many readings left."""
    return sum(each.readings for each in archive_readings(
        ledger.database, FolderStore(folder), months=months, at=at, actor="amy"))  # fmt: skip


def here(ledger: Ledger) -> int:
    return int(ledger.rows("SELECT count(*) AS n FROM reading")[0]["n"])


def only_file(folder: Path) -> Path:
    (found,) = folder.glob("readings/*/*.parquet")
    return found


def a_spring(say: Said) -> None:
    """Three months, one reading in six hours; goods arrive in March; a warm hour on two days of April."""
    say(scan(minute(30), Action.RECEIVE, "acme", "fridge-a"))
    for month in range(3):
        start = minute(0) + timedelta(days=31 * month)
        warm = {40, 41, 80} if month == 1 else set()
        say(*(reading(start + timedelta(hours=6 * n), 9.0 if n in warm else 5.0 + n % 7 / 8) for n in range(110)))
    say(reading(LONG_AFTER - timedelta(days=3), 5.0), reading(LONG_AFTER - timedelta(days=2), 5.0))


def test_what_left_the_database_is_read_from_the_archive_as_it_was(ledger: Ledger, say: Said, tmp_path: Path) -> None:
    a_spring(say)
    (channel,) = [row["id"] for row in ledger.rows("SELECT id FROM channel WHERE device = 'probe-a'")]
    lot = ledger.rows("SELECT id FROM lot")[0]["id"]

    def looks() -> list[Any]:
        first, last = minute(-60), LONG_AFTER
        asked = {"serial": "", "gap_s": 6 * 3600.0, "allowance_s": 3600.0, "at": last}
        return [
            readings_of(ledger.database, channel, first, last, rows_max=1000),
            readings_of(ledger.database, channel, minute(60 * 24 * 40), minute(60 * 24 * 41), rows_max=1000),
            hours_of(ledger.database, channel, first, last, rows_max=1000),
            spans_of(ledger.database, [channel], first, last, timedelta(hours=8), rows_max=1000)[channel],
            passport(ledger.database, lot, **asked),
            ledger.held(), ledger.excursions(), ledger.exposures(),
        ]  # fmt: skip

    before, count = looks(), here(ledger)
    for span in before[3]:
        hours = [row for row in before[2] if span["at"] <= row["at"] < span["at"] + timedelta(hours=8)]
        extremes = min(row["lowest"] for row in hours), max(row["highest"] for row in hours)
        assert (span["lowest"], span["highest"]) == extremes
        assert span["readings"] == sum(row["readings"] for row in hours)
    left = archive(ledger, tmp_path)
    # The first and last ever stay, those around excursions and the two of September.
    assert count - here(ledger) == left > 300
    assert looks() == before
    assert archive(ledger, tmp_path) == 0, "what is away stays away"
    status = archive_status(ledger.database)
    assert [row["month"].month for row in status["months"]] == [3, 4, 5] and status["unreadable"] == []
    report = check_whole_archive(ledger.database)
    assert (report.files, report.readings, report.findings) == (3, left, ())


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("late"), st.integers(0, 92), st.sampled_from([5.0, 7.5, 9.5])),
        st.tuples(st.just("new"), st.integers(0, 3), st.sampled_from([5.0, 9.0])),
        st.tuples(st.just("colder"), st.just(0), st.just(0.0)),
        st.tuples(st.just("move"), st.integers(0, 92), st.just(0.0)),
        st.tuples(st.just("again"), st.just(0), st.just(0.0)),
    ),
    min_size=1, max_size=4,
)  # fmt: skip
WINDOWED = Policy(
    name="windowed",
    title="2 to 8 °C, one hour above in a day, silence of a day",
    rules=(
        PolicyRule(name="too-warm", metric="temp_c", side=Side.ABOVE, limit=8.0, on_limit_is_outside=False,
                   delay_s=0, hysteresis=0.5, source="house"),
        CumulativeRule(kind="cumulative", name="too-long", metric="temp_c", side=Side.ABOVE, limit=7.0,
                       on_limit_is_outside=False, budget_s=7200, window_s=86_400, spell_max_s=14_400, source="house"),
        NoDataRule(kind="no_data", name="silent", metric="temp_c", after_s=86_400 * 2, source="house"),
    ),
)  # fmt: skip


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, seed=st.integers(0, 5))
def test_whatever_comes_later_is_decided_as_if_nothing_had_left(
    databases: Any, tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, float]], seed: int
) -> None:
    folder = tmp_path_factory.mktemp("archive")
    with databases.lent() as one, databases.lent() as two:
        whole, parted = House(databases.open(one)), House(databases.open(two))
        for house in (whole, parted):
            house.spring(seed)
        archive(parted.ledger, folder)
        for step in steps:
            for house in (whole, parted):
                house.take(step)
            assert parted.decided() == whole.decided(), step
            archive(parted.ledger, folder)
            assert parted.decided() == whole.decided(), step
        assert check_whole_archive(parted.ledger.database).findings == ()


class House:
    """A ledger to which the same happens as to another one, in a database of its own."""

    def __init__(self, database: Any) -> None:
        self.gateway = GatewayWithKey()
        self.ledger = ledger_with_two_fridges(database, self.gateway)
        self.ledger.add_policy(COLDER)
        self.ledger.add_policy(WINDOWED)
        self.ledger.run("UPDATE place SET policy = 'windowed' WHERE name = 'fridge-a'")

    def say(self, *records: Record) -> None:
        store_batch(self.ledger.database, self.gateway.batch(*records))

    def spring(self, seed: int) -> None:
        self.say(scan(minute(30), Action.RECEIVE, "acme", "fridge-a"))
        for month in range(3):
            start = minute(0) + timedelta(days=31 * month)
            values = [8.5 if (n * 7 + seed * 3 + month) % 29 == 0 else 5.0 + n % 5 / 2 for n in range(60)]
            self.say(*(reading(start + timedelta(hours=12 * n, minutes=seed), value) for n, value in enumerate(values)))
        self.say(reading(LONG_AFTER - timedelta(days=3), 5.0), reading(LONG_AFTER - timedelta(days=2), 5.0))

    def take(self, step: tuple[str, int, float]) -> None:
        kind, number, value = step
        database = self.ledger.database
        if kind == "late":
            self.say(reading(minute(24 * 60 * number + 17), value))
        elif kind == "new":
            self.say(reading(LONG_AFTER - timedelta(hours=40 - number), value))
        elif kind == "colder":
            with database.transaction() as connection:
                self.ledger_place(connection, "colder")
        elif kind == "again":
            with database.transaction() as connection:
                judge_again(connection, self.channels())
        else:
            since = minute(24 * 60 * number + 5)
            place = self.ledger.rows("SELECT id FROM place WHERE name = 'fridge-b'")[0]["id"]
            with database.transaction() as connection, suppress(Conflict):
                assign_channel(connection, self.channels()[0], place, since=since)

    def ledger_place(self, connection: Any, policy: str) -> None:
        (row,) = connection.execute("SELECT id, policy FROM place WHERE name = 'fridge-a'").fetchall()
        if row["policy"] == policy:
            return
        queries("tracks").policy_was(connection, place_id=row["id"], policy=row["policy"], until=minute(24 * 60 * 40))
        connection.execute("UPDATE place SET policy = %s WHERE id = %s", (policy, row["id"]))
        judge_places(connection, row["id"])

    def channels(self) -> list[int]:
        return [row["id"] for row in self.ledger.rows("SELECT id FROM channel WHERE device = 'probe-a'")]

    def decided(self) -> list[Any]:
        tracks = (
            "SELECT rule, definition, last_at, outside_since, opened, worst, longest_gap_s FROM track ORDER BY rule"
        )
        probes = "SELECT rule, began_at, ended_at, worst, longest_gap_s FROM probe_excursion ORDER BY 1, 2"
        return [
            self.ledger.held(), self.ledger.excursions(), self.ledger.exposures(), self.ledger.rows(tracks),
            self.ledger.rows(probes),
        ]  # fmt: skip


def test_a_file_that_is_missing_damaged_or_exchanged_is_named_and_nothing_is_freed(
    ledger: Ledger, say: Said, tmp_path: Path
) -> None:
    a_spring(say)
    (channel,) = [row["id"] for row in ledger.rows("SELECT id FROM channel WHERE device = 'probe-a'")]
    archive(ledger, tmp_path)
    decided = ledger.held(), ledger.excursions()
    (file,) = tmp_path.glob("readings/2026-03/*.parquet")
    other = next(iter(tmp_path.glob("readings/2026-05/*.parquet")))
    sound = file.read_bytes()
    flipped = sound[:40] + bytes([sound[40] ^ 1]) + sound[41:]
    for content, why in ((None, "missing"), (flipped, "its hash differs"), (other.read_bytes(), "hash differs"),
                         (sound[:-9], "shorter")):  # fmt: skip
        file.unlink(missing_ok=True)
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(ArchiveUnreadable) as unread:
            readings_of(ledger.database, channel, minute(0), minute(60 * 24), rows_max=100)
        assert file.name in str(unread.value) and ("missing" in str(unread.value) or why in str(unread.value) or
                                                   "shorter" in str(unread.value))  # fmt: skip
        (finding,) = check_whole_archive(ledger.database).faults
        assert finding.name.endswith(file.name)
    # A late warm reading of that time cannot be judged: decisions stand, and it is a case until the file is back.
    say(reading(minute(60 * 24 * 3), 12.0), reading(LONG_AFTER - timedelta(days=1), 5.0))
    assert (ledger.held(), ledger.excursions()) == decided
    assert "archive_unreadable" in ledger.open_cases()
    say(reading(LONG_AFTER - timedelta(hours=9), 11.0))
    assert len(ledger.excursions()) == len(decided[1]) + 1, "what is measured now is judged all the same"
    file.write_bytes(sound)
    assert check_whole_archive(ledger.database).findings == ()
    assert "archive_unreadable" not in ledger.open_cases()
    assert len(ledger.excursions()) == len(decided[1]) + 2


def test_the_manifest_is_signed_and_one_that_was_changed_is_named(ledger: Ledger, say: Said, tmp_path: Path) -> None:
    a_spring(say)
    archive(ledger, tmp_path)
    manifests = sorted(tmp_path.glob("manifests/*.json"))
    assert len(manifests) == 3
    told = read_manifest(manifests[-1].read_bytes())
    assert told["previous_sha256"] == sha256_of(manifests[-2].read_bytes()).hex()
    manifests[0].write_bytes(manifests[0].read_bytes().replace(b"amy", b"eve"))
    with pytest.raises(ManifestFault):
        read_manifest(manifests[0].read_bytes())
    assert [each.name for each in check_whole_archive(ledger.database).faults] == ["manifests/000001.json"]


def test_a_folder_without_this_ledgers_files_is_refused_and_a_copy_is_taken(
    ledger: Ledger, say: Said, tmp_path: Path
) -> None:
    a_spring(say)
    archive(ledger, tmp_path / "a")
    with pytest.raises(Conflict, match="missing"):
        archive(ledger, tmp_path / "b")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    shutil.rmtree(tmp_path / "a")
    archive(ledger, tmp_path / "b")
    assert check_whole_archive(ledger.database).findings == ()


def test_two_runs_at_once_do_not_write_each_others_files(ledger: Ledger, say: Said, tmp_path: Path) -> None:
    a_spring(say)
    runs = [archive_readings(ledger.database, FolderStore(tmp_path), months=2, at=LONG_AFTER, actor="amy")
            for _ in range(2)]  # fmt: skip
    assert next(runs[0]).readings > 100
    with pytest.raises(Conflict, match="another run"):
        next(runs[1])
    assert len(list(runs[0])) == 2
    assert check_whole_archive(ledger.database).findings == ()


@pytest.mark.parametrize("is_ended_early", [False, True])
def test_a_run_may_follow_at_once_however_late_the_server_ends_the_session_of_the_one_before(
    ledger: Ledger, say: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_ended_early: bool
) -> None:
    a_spring(say)
    opened = ledger.database.session
    with ExitStack() as late:

        @contextmanager
        def ended_late(**given: Any) -> Iterator[Connection]:
            yield late.enter_context(opened(**given))

        monkeypatch.setattr(ledger.database, "session", ended_late)
        if is_ended_early:
            run = archive_readings(ledger.database, FolderStore(tmp_path), months=2, at=LONG_AFTER, actor="amy")
            assert next(run).readings > 100
            run.close()  # type: ignore[attr-defined]
        assert archive(ledger, tmp_path) > 100
        assert archive(ledger, tmp_path) == 0
    assert check_whole_archive(ledger.database).findings == ()


def test_thinning_and_the_archive_do_not_disturb_each_other(ledger: Ledger, say: Said, tmp_path: Path) -> None:
    a_spring(say)
    (channel,) = [row["id"] for row in ledger.rows("SELECT id FROM channel WHERE device = 'probe-a'")]
    hours = hours_of(ledger.database, channel, minute(-60), LONG_AFTER, rows_max=1000)
    archive(ledger, tmp_path)
    assert thin_readings(ledger.database, months=2, at=LONG_AFTER) == {}
    assert hours_of(ledger.database, channel, minute(-60), LONG_AFTER, rows_max=1000) == hours
    say(reading(minute(60 * 24 * 3), 5.5))
    assert archive(ledger, tmp_path) > 300, "what came home for a late reading leaves again with it"


def test_a_gateway_of_which_batches_lack_keeps_its_readings_here(
    ledger: Ledger, gateway: GatewayWithKey, say: Said, tmp_path: Path
) -> None:
    a_spring(say)
    lost = gateway.batch(reading(minute(7), 5.0))
    say(reading(LONG_AFTER, 5.0))
    assert archive(ledger, tmp_path) == 0
    store_batch(ledger.database, lost)
    assert archive(ledger, tmp_path) > 300


def test_a_ledger_older_than_the_archive_writes_beside_its_files_and_a_folder_older_than_the_ledger_is_told(
    databases: Any, tmp_path: Path
) -> None:
    folder, copy = tmp_path / "archive", tmp_path / "copy"
    with databases.lent() as one, databases.lent() as two:
        ledger, restored = House(databases.open(one)), House(databases.open(two))
        for house in (ledger, restored):
            house.spring(1)
        assert archive(ledger.ledger, folder, months=5) > 0
        shutil.copytree(folder, copy)
        archive(ledger.ledger, folder)
        # As restored from a backup of before: all readings are there, and so are files that it knows nothing of.
        archive(restored.ledger, folder)
        report = check_whole_archive(restored.ledger.database)
        assert report.faults == [] and len(report.findings) == 6 and all(each.is_foreign for each in report.findings)
        assert restored.decided() == ledger.decided()
        # The folder is the older one: what is missing is named, and only its time is not known.
        shutil.rmtree(folder)
        shutil.copytree(copy, folder)
        missing = [each.name for each in check_whole_archive(ledger.ledger.database).faults]
        assert len(missing) == 4 and all(month in " ".join(missing) for month in ("2026-04", "2026-05"))
        (channel,) = ledger.channels()
        spans = [(minute(0), minute(60 * 24 * 20)), (minute(60 * 24 * 40), minute(60 * 24 * 45))]
        assert len(readings_of(ledger.ledger.database, channel, *spans[0], rows_max=100)) == 40
        with pytest.raises(ArchiveUnreadable, match="2026-04"):
            readings_of(ledger.ledger.database, channel, *spans[1], rows_max=100)
