"""Scripts, styles and pictures: each address names the content, so that browsers keep it, and never an old one."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import resources
from mimetypes import guess_type
from pathlib import Path
from urllib.parse import parse_qs, quote

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

FOLDER = Path(str(resources.files("cloud_sync.console") / "static"))
KEPT = "public, max-age=31536000, immutable"
"""For an address with the version that the file has: what is there will never change."""
ASKED_AGAIN = "private, no-cache"
"""For any other address: a browser asks each time whether it is still the same."""
VERSION_CHARACTERS = 12
BUNDLES: Mapping[str, tuple[str, ...]] = {
    "live.js": ("vendor/htmx.min.js", "vendor/htmx-ext-sse.min.js"),
    "curves.js": ("vendor/uPlot.iife.min.js", "chart.js"),
}
"""Files that are always wanted together, as one: a page that is opened for the first time waits for each."""
COMPRESSED = (".css", ".js", ".svg")


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is sent: plain, or compressed once for everybody."""

    content: bytes
    compressed: bytes | None
    media_type: str
    version: str


@cache
def files() -> Mapping[str, File]:
    """All files by their path below ``/static``, and the bundles made of them."""
    found = {
        path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in sorted(FOLDER.rglob("*")) if path.is_file()
    }
    found |= {name: b"\n;".join(found[path] for path in paths) for name, paths in BUNDLES.items()}
    return {path: _file(path, content) for path, content in found.items()}


def _file(path: str, content: bytes) -> File:
    # The files are the same for everybody, so that their compressed size tells nothing; pages are sent as they are.
    compressed = gzip.compress(content, mtime=0) if path.endswith(COMPRESSED) else None
    media_type = guess_type(path)[0] or "application/octet-stream"
    return File(content, compressed, media_type, sha256(content).hexdigest()[:VERSION_CHARACTERS])


def address_of(path: str) -> str:
    """The address of a file, with its version. Raises ``KeyError`` for one that there is not."""
    return f"/static/{path}?v={files()[path].version}"


@cache
def picture_of(path: str) -> str:
    """A small picture as an address that holds all of it: nothing else is asked for."""
    file = files()[path]
    return f"data:{file.media_type},{quote(file.content.decode(), safe=' =:/,')}"


async def serve_files(scope: Scope, receive: Receive, send: Send) -> None:
    """The files as an application of their own; how long a browser may keep one follows from the address."""
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
        raise HTTPException(405)
    path = scope["path"].removeprefix(scope.get("root_path", "")).lstrip("/")
    file = files().get(path)
    if file is None:
        raise HTTPException(404)
    await _answer(file, scope)(scope, receive, send)


def _answer(file: File, scope: Scope) -> Response:
    headers, asked = Headers(scope=scope), parse_qs(scope.get("query_string", b"").decode("latin-1"))
    own = {
        "cache-control": KEPT if asked.get("v") == [file.version] else ASKED_AGAIN,
        "etag": f'"{file.version}"',
        "vary": "accept-encoding",
    }
    if own["etag"] in headers.get("if-none-match", ""):
        return Response(status_code=304, headers=own)
    if file.compressed and "gzip" in headers.get("accept-encoding", ""):
        return Response(file.compressed, headers=own | {"content-encoding": "gzip"}, media_type=file.media_type)
    return Response(file.content, headers=own, media_type=file.media_type)
