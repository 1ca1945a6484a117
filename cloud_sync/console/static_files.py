"""Scripts, styles and pictures: each address names the content, so that browsers keep it, and never an old one."""

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib import resources
from pathlib import Path
from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

FOLDER = Path(str(resources.files("cloud_sync.console") / "static"))
KEPT = "public, max-age=31536000, immutable"
"""For an address with the version that the file has: what is there will never change."""
ASKED_AGAIN = "private, no-cache"
"""For any other address: a browser asks each time whether it is still the same."""
VERSION_CHARACTERS = 12


@cache
def versions() -> Mapping[str, str]:
    """By path below ``/static``, the beginning of the hash of each file."""
    return {
        path.relative_to(FOLDER).as_posix(): sha256(path.read_bytes()).hexdigest()[:VERSION_CHARACTERS]
        for path in FOLDER.rglob("*")
        if path.is_file()
    }


def address_of(path: str) -> str:
    """The address of a file, with its version. Raises ``KeyError`` for one that there is not."""
    return f"/static/{path}?v={versions()[path]}"


class Files(StaticFiles):
    """The files, and how long a browser may keep each."""

    def __init__(self) -> None:
        super().__init__(directory=FOLDER)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a file; how long it is kept follows from the address."""
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("v", [""])[0]
        is_current = asked != "" and versions().get(self.get_path(scope)) == asked

        async def cached(message: Message) -> None:
            if message["type"] == "http.response.start":
                is_kept = is_current and message["status"] in (200, 304)
                MutableHeaders(scope=message)["cache-control"] = KEPT if is_kept else ASKED_AGAIN
            await send(message)

        await super().__call__(scope, receive, cached)
