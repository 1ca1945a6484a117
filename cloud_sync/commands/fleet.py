"""``gateway config`` and ``release``: what gateways run, and how it gets there."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cloud_sync.actions.gateways import fleet_config, releases
from cloud_sync.actions.gateways.release_files import ReleaseFolder
from cloud_sync.commands.terminal import DEFAULT_CONFIG, Config, fail, load, me, opened, say, show, told
from cloud_sync.config import LedgerConfig
from cloud_sync.errors import Invalid
from cloud_sync.storage.database import Row
from edge_agent.domain.fleet.releases import ReleaseNeeds

config_app = typer.Typer(help="The configuration that the ledger hands to gateways.", no_args_is_help=True)
release_app = typer.Typer(help="Releases of the gateways' program.", no_args_is_help=True)

Why = Annotated[str, typer.Option("--reason", help="Why; the event log keeps it.")]
FILE_BYTES_MAX = 1_000_000


@config_app.command("show")
def show_config(
    name: str,
    running: Annotated[bool, typer.Option("--running", help="What the gateway reports, where it is not ours.")] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Show the configuration that a gateway is to have, and how it stands to it."""
    with told(), opened(load(config)) as database:
        now = fleet_config.config_now(database, name)
        _say_standing(now)
        text = (
            (now["heartbeat"] or {"config": {}})["config"].get("toml") if running else (now["latest"] or {}).get("toml")
        )
        say(text or "# nothing of its own is reported" if running else text or "# nothing was handed out yet")


@config_app.command("set")
def set_config(
    name: str,
    file: Annotated[
        Path, typer.Argument(help="The managed part as TOML: all but [gateway], [uplink], [desk], [page].")
    ],
    reason: Why,
    profile: Annotated[list[Path] | None, typer.Option(help="A device profile; the file's name is its name.")] = None,
    replace_local: Annotated[
        bool, typer.Option("--replace-local", help="What was edited at the gateway goes; look at the diff first.")
    ] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Hand out a configuration. What changes measuring waits for a second person: the console's page Changes."""
    profiles = {path.stem: _text(path) for path in profile} if profile else None
    with told(), opened(load(config)) as database:
        change = fleet_config.set_config(
            database, name, _text(file), profiles=profiles, replaces_local=replace_local, reason=reason,
            at=datetime.now(UTC), actor=me(),
        )  # fmt: skip
        _say_change(name, change)


@config_app.command("take-over")
def take_over(name: str, reason: Why, config: Config = DEFAULT_CONFIG) -> None:
    """Make what was edited at the gateway the ledger's own next version."""
    with told(), opened(load(config)) as database:
        _say_change(name, fleet_config.take_over(database, name, reason=reason, at=datetime.now(UTC), actor=me()))


@config_app.command("diff")
def diff_config(
    name: str,
    older: Annotated[int | None, typer.Argument(help="A version; without one: the latest against what runs.")] = None,
    newer: Annotated[int | None, typer.Argument(help="Another; without one: the latest.")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Show what differs between two versions, or from what the gateway runs."""
    with told(), opened(load(config)) as database:
        found = fleet_config.config_diff(database, name, older, newer)
        if not found:
            say("no difference")
        for each in found:
            say(f"{each['path']}: {each['before'] or 'nothing'} -> {each['after'] or 'nothing'}")


@config_app.command("history")
def show_history(name: str, config: Config = DEFAULT_CONFIG) -> None:
    """Show every version: when, by whom, why, and how much it changed."""
    with told(), opened(load(config)) as database:
        rows = fleet_config.config_history(database, name)
        shown = [{**row, "changed": len(row["differences"])} for row in rows]
        show(shown, "version", "set_at", "set_by", "approved_by", "changed", "reason")


@config_app.command("roll-back")
def roll_back(name: str, version: int, reason: Why, config: Config = DEFAULT_CONFIG) -> None:
    """Hand out what an earlier version said, as the next one."""
    with told(), opened(load(config)) as database:
        change = fleet_config.roll_back(database, name, version, reason=reason, at=datetime.now(UTC), actor=me())
        _say_change(name, change)


@release_app.command("make")
def make_release(
    version: str,
    folder: Annotated[Path, typer.Argument(help="The files of the release, as ./dev release builds them.")],
    python: Annotated[str | None, typer.Option(help="The Python that it is for, e.g. 3.11.")] = None,
    machine: Annotated[str | None, typer.Option(help="The machine that it is for: x86_64 or aarch64.")] = None,
    notes: Annotated[str, typer.Option(help="What people should know of it.")] = "",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Sign the files in a folder as a release with this ledger's key, and add it. The folder is good for a stick."""
    loaded = load(config)
    with told(), opened(loaded) as database:
        needs = ReleaseNeeds(python=python, machine=machine)
        kept = release_folder_of(loaded)
        releases.make_release(
            database, kept, folder, version, needs=needs, notes=notes, at=datetime.now(UTC), actor=me()
        )
        say(f"release {version} is added; {folder} on a stick is installed by: edge-agent upgrade --from STICK")


@release_app.command("add")
def add_release(
    folder: Annotated[Path, typer.Argument(help="With manifest.json, as its publisher signed it.")],
    key: Annotated[list[str] | None, typer.Option(help="A publisher's public key in base64.")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Add a release that was signed elsewhere, or bring back files of one that are missing here."""
    loaded = load(config)
    with told(), opened(loaded) as database:
        kept = release_folder_of(loaded)
        found = releases.add_release(database, kept, folder, trusted=key or (), at=datetime.now(UTC), actor=me())
        say(
            f"release {found.manifest.version} is added; let it go out: cloud-sync release roll-out VERSION --waves ..."
        )


@release_app.command("verify")
def verify_releases(config: Config = DEFAULT_CONFIG) -> None:
    """Read the files of all releases, and compare them with what was signed."""
    loaded = load(config)
    folder = loaded.releases_folder
    with told(), opened(loaded) as database:
        moved = releases.move_files(database, ReleaseFolder(folder)) if folder else 0
        faults = releases.files_with_faults(database, ReleaseFolder(folder) if folder else None)
    if moved:
        say(f"{moved} files were moved out of the database to {folder}")
    if faults:
        fail(*(f"{each['name']} of release {each['version']} {each['fault']}" for each in faults),
             "Add the release again from its folder or stick: cloud-sync release add DIR.")  # fmt: skip
    say("every file of every release is here, and is what was signed")


@release_app.command("roll-out")
def roll_out(
    version: str,
    reason: Why,
    waves: Annotated[str, typer.Option(help="Cohorts, shares of the fleet, or all, one after another.")] = "10%, all",
    soak: Annotated[int, typer.Option(help="Minutes that a wave runs it before the next.")] = 60,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Let a release go out in waves; it stops by itself at the first wave that is worse off."""
    with told(), opened(load(config)) as database:
        number = releases.start_roll_out(
            database, version, waves, soak_minutes=soak, reason=reason, at=datetime.now(UTC), actor=me()
        )
        say(f"roll-out {number} has begun: see cloud-sync release status")


@release_app.command("stop")
def stop(number: int, reason: Why, config: Config = DEFAULT_CONFIG) -> None:
    """Order a release no further. Gateways that have it keep it."""
    with told(), opened(load(config)) as database:
        releases.stop_roll_out(database, number, reason=reason, at=datetime.now(UTC), actor=me())
        say(f"roll-out {number} is stopped; to go back, roll out the release before")


@release_app.command("status")
def status(config: Config = DEFAULT_CONFIG) -> None:
    """Show releases, and how far the latest roll-out has come."""
    with told(), opened(load(config)) as database:
        show(releases.releases(database), "version", "added_at", "added_by", "bytes", "gateways")
        for each in releases.roll_outs(database)[:1]:
            state = each["ended_as"] or "under way"
            say(f"\nroll-out {each['id']} of {each['version']}: {state}{_because(each)}")
            show(
                [{**row, "faults": "; ".join(row["faults"] or ())} for row in each["gateways"]],
                "name",
                "wave",
                "state",
                "faults",
            )


def release_folder_of(loaded: LedgerConfig) -> ReleaseFolder:
    """Where files of releases are kept. Raises ``Invalid`` where nothing says so."""
    folder = loaded.releases_folder
    if folder is None:
        raise Invalid(
            "the configuration does not say where the files of releases are to lie",
            'Write [releases] folder = "/var/lib/cloud-sync/releases": one that all ledgers on this database can read.',
        )
    return ReleaseFolder(folder)


def _because(roll_out: Row) -> str:
    return f" ({roll_out['ended_reason']})" if roll_out["ended_as"] == "stopped" else ""


def _say_standing(now: Row) -> None:
    version = f"version {now['latest']['version']}" if now["latest"] else "nothing handed out"
    reason = now["heartbeat"]["config"].get("reason") if now["heartbeat"] else ""
    say(f"# gateway {now['gateway']}: {version}, {now['standing']}" + (f": {reason}" if reason else ""))


def _say_change(name: str, change: Row) -> None:
    version = change["after"]["version"]
    if change["applied_at"] is None:
        say(f"version {version} changes what gateway {name} measures: change {change['id']} waits for a second person")
    else:
        say(f"version {version} is handed to gateway {name} with its next heartbeat")


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            fail(f"{path} is larger than {FILE_BYTES_MAX} bytes")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{path} cannot be read: {error}")
