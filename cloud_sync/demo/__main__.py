"""``./dev demo``: the whole system on this machine, told as a story."""

import asyncio
import secrets
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from cloud_sync.demo import telling
from cloud_sync.demo.ledger import DemoFailed
from cloud_sync.demo.story import Scene, scene, tell

PASSWORD_BYTES = 12
"""Of the accounts of the demonstration: made at start, and gone with it."""


def main(
    stay: Annotated[bool, typer.Option("--stay", help="Leave everything running afterwards, until Ctrl+C.")] = False,
) -> None:
    """Tell one afternoon at a pharmacy, on the real gateway and ledger, with devices simulated byte by byte."""
    try:
        asyncio.run(_run(stay))
    except DemoFailed as error:
        telling.console.print(f"\n[red]The story broke off:[/red] {error}", markup=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


async def _run(stay: bool) -> None:
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="lotwarden-demo-"))
    async with scene(folder) as on:
        await tell(on)
        telling.console.print(
            f"\n[bold green]The story is true.[/bold green] It took {time.monotonic() - started:.0f} s."
        )
        if stay:
            await _stay(on)
        else:
            telling.console.print("[dim]./dev demo --stay leaves everything running, to look around.")
    shutil.rmtree(folder, ignore_errors=True)


async def _stay(on: Scene) -> None:
    telling.note("an account for each role is made ...")
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    people = await on.ledger.people(password)
    telling.console.print(f"\nThe console: [bold]{on.ledger.url}[/bold]")
    telling.console.print(f"Sign in with one of these names and the password [bold]{password}[/bold]", highlight=False)
    telling.table(["name", "role"], people.items())
    telling.note("begin as quinn: Quarantine has the lots that the story left to be decided on")
    telling.note(f"the API: {on.ledger.url}/docs")
    telling.note(f"the gateway's configuration: {on.gateway.config}")
    telling.note(f"its log: {on.gateway.log}")
    telling.note("Press Ctrl+C to stop everything.")
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


if __name__ == "__main__":
    typer.run(main)
