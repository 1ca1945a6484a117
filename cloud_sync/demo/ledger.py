"""The ledger as its users reach it: a process of its own, spoken to over HTTP."""

import asyncio
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

START_S = 60
STOP_S = 20
PEOPLE = {
    "quinn": "quality", "quentin": "quality", "ada": "administrator", "olga": "operator", "rita": "receiver",
    "phil": "pharmacist", "petra": "production", "faye": "facilities", "audrey": "auditor",
}  # fmt: skip
"""Who has an account in the demonstration, with the role; two of quality, for some releases take two signatures."""
ROLES = ("auditor", "operator", "quality", "administrator")
CLOUD_SYNC = (sys.executable, "-m", "cloud_sync")

CONFIG = """\
[server]
host = "127.0.0.1"
port = 0

[database]
data_dir = "postgres"
"""


class DemoFailed(Exception):
    """A part of the demonstration did not do what the story needs. The text says which, and where its log is."""


class Ledger:
    """HTTP clients of a running ledger, one for each role."""

    def __init__(self, url: str, tokens: dict[str, str], client: httpx.AsyncClient) -> None:
        self.url = url
        self.tokens = tokens
        self._client = client

    async def get(self, path: str, **query: Any) -> Any:
        """The answer to a GET; of a list its rows."""
        answer = await self._ask("auditor", "GET", path, params=query)
        return answer["rows"] if isinstance(answer, dict) and "rows" in answer else answer

    async def post(self, role: str, path: str, body: dict[str, Any]) -> Any:
        """The answer to a POST by the holder of ``role``."""
        return await self._ask(role, "POST", path, json=body)

    async def put(self, role: str, path: str, body: dict[str, Any]) -> None:
        """A PUT by the holder of ``role``."""
        await self._ask(role, "PUT", path, json=body)

    async def _ask(self, role: str, method: str, path: str, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[role]}"}
        response = await self._client.request(method, self.url + path, headers=headers, **more)
        if response.is_error:
            raise DemoFailed(f"{method} {path} was answered {response.status_code}: {response.text}")
        return response.json() if response.content else None

    async def people(self, password: str) -> dict[str, str]:
        """An account with this password for each role of the house, but for owners; gives the role by the name."""
        for person, role in PEOPLE.items():
            made = {"person": person, "printed_name": f"{person.title()} of the demonstration", "roles": [role]}
            secret = (await self.post("administrator", "/v1/accounts", made))["one_time_secret"]
            proof = {"person": person, "password": secret, "new_password": password}
            await self._ask("administrator", "POST", "/v1/sessions", json=proof)
        self._client.cookies.clear()
        return dict(PEOPLE)


@asynccontextmanager
async def running_ledger(folder: Path) -> AsyncIterator[Ledger]:
    """``cloud-sync serve`` with an embedded PostgreSQL in ``folder``, and a token for each role."""
    config = _configured(folder)
    log = folder / "ledger.log"
    with log.open("wb") as log_file:
        process = await asyncio.create_subprocess_exec(
            *CLOUD_SYNC, "serve", "--config", str(config), stdout=PIPE, stderr=log_file
        )
        try:
            url = await _url_of(process, log)
            tokens = await asyncio.gather(*(_token(config, role) for role in ROLES))
            async with httpx.AsyncClient(timeout=10) as client:
                yield Ledger(url, dict(zip(ROLES, tokens, strict=True)), client)
        finally:
            await stopped(process)


async def stopped(process: Process) -> None:
    """Ask a process to stop, and see that it did."""
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _configured(folder: Path) -> Path:
    folder.mkdir()
    config = folder / "ledger.toml"
    config.write_text(CONFIG, encoding="utf-8")
    return config


async def _url_of(process: Process, log: Path) -> str:
    if process.stdout is None:
        raise AssertionError("the ledger's output is not read")
    try:
        async with asyncio.timeout(START_S):
            async for line in process.stdout:
                if found := re.search(r"listens on (http\S+)", line.decode()):
                    return found[1]
    except TimeoutError:
        pass
    raise DemoFailed(f"the ledger did not start; see {log}")


async def _token(config: Path, role: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *CLOUD_SYNC, "token", "create", f"demo-{role}", "--role", role, "--config", str(config),
        stdout=PIPE, stderr=DEVNULL,
    )  # fmt: skip
    output, _ = await process.communicate()
    if process.returncode != 0:
        raise DemoFailed(f"cloud-sync token create for {role} ended with {process.returncode}")
    return output.decode().strip()
