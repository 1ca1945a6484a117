"""From a PDF back to its data: the attachment that every paper carries."""

import json
import re
import zlib
from collections.abc import Iterator

from pydantic import ValidationError

from cloud_sync.errors import Invalid
from cloud_sync.papers.envelope import FORMAT, Envelope

PDF_BYTES_MAX = 64 * 2**20
STREAM_BYTES_MAX = 64 * 2**20
_STREAM = re.compile(rb"stream\r?\n")


def envelope_of(pdf: bytes) -> tuple[Envelope, str]:
    """A paper's envelope, and the hash that it says its data have. Raises ``Invalid`` for what is no paper of ours."""
    if not pdf.startswith(b"%PDF-") or len(pdf) > PDF_BYTES_MAX:
        raise Invalid("this is no PDF", "Give the file as it was saved from the ledger.")
    found: dict[str, tuple[Envelope, str]] = {}
    for stream in _streams(pdf):
        if not stream.startswith(b"{") or b'"made_with"' not in stream:
            continue
        try:
            said = json.loads(stream)
            envelope = Envelope.model_validate(said)
        except (ValueError, ValidationError, RecursionError):
            continue
        if envelope.format != FORMAT:
            raise Invalid(f"this paper has format {envelope.format}", "Check it with a newer version.")
        found[envelope.as_json()] = envelope, str(said.get("sha256", ""))
    if len(found) > 1:
        raise Invalid("this PDF carries the data of more than one paper", "Give each of them as it was saved.")
    for each in found.values():
        return each
    raise Invalid(
        "this PDF carries no data of a paper",
        "Give the file as it was saved from the ledger: a scan, or a print to PDF, has lost them.",
    )


def _streams(pdf: bytes) -> Iterator[bytes]:
    """Streams that lie in the file as they are or deflated (ISO 32000-1, 7.3.8 and 7.4.4)."""
    for begin in _STREAM.finditer(pdf):
        raw = memoryview(pdf)[begin.end() :]
        if pdf[begin.end() : begin.end() + 1] == b"{":
            yield pdf[begin.end() : pdf.find(b"endstream", begin.end())].rstrip()
            continue
        inflater = zlib.decompressobj()
        try:
            yield inflater.decompress(raw, STREAM_BYTES_MAX)
        except zlib.error:
            continue
