"""Witnesses the ledger's sealed audit trail: what the ledger shows has to contain all that it showed before.

The last checkpoint that this gateway saw is kept in ``data_dir/seal.checkpoint``, on the disk before it is cosigned. A
ledger that was set back, or that shows another history, gets no signature here; people are told on the page, and by a
notice in the journal.
"""

import base64
import json
import logging
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from edge_agent.domain.seal.epochs import after_restores, epoch_of
from edge_agent.domain.seal.notes import (
    Checkpoint,
    NoteFault,
    cosignature_line,
    cosignature_words,
    opened_note,
)
from edge_agent.domain.seal.witnessing import COSIGNATURES_PATH, WITNESS_PATH, conflict_of
from edge_agent.domain.wire.records import Notice, NoticeKind, Record
from edge_agent.errors import JournalError, UplinkError
from edge_agent.host.fsync import sync_directory
from edge_agent.timekeeping.clock import Clock, stamp
from edge_agent.uplink.desk_client import DeskClient
from edge_agent.uplink.identity import Identity
from edge_agent.uplink.trust import LedgerTrust

CHECKPOINT_FILE = "seal.checkpoint"
WHAT_TO_DO = (
    "tell quality: the ledger's administrator has to say what was restored, and cloud-sync verify --kept has to run"
)
WHAT_TO_DO_AFTER_RESTORE = "cloud-sync verify --kept, with that file, says what was lost"

_log = logging.getLogger("edge_agent.witness")


class Witness:
    """Looks at the ledger's checkpoint now and then, and cosigns it if nothing that was there is gone."""

    def __init__(
        self,
        client: DeskClient,
        gateway: str,
        identity: Identity,
        clock: Clock,
        data_dir: Path,
        record: Callable[[Record], Awaitable[None]],
    ) -> None:
        self._client = client
        self._gateway = gateway
        self._identity = identity
        self._clock = clock
        self._path = data_dir / CHECKPOINT_FILE
        self._trust = LedgerTrust.load_or_none(data_dir)
        self._record = record
        self._cosigned = -1
        self.trouble = ""
        """What people have to know: a ledger that shows another history; "" usually."""

    async def look(self) -> None:
        """One look. A ledger that is out of reach, or has nothing sealed yet, is looked at the next time."""
        try:
            await self._look()
        except UplinkError as error:
            _log.info("the ledger's checkpoint is not witnessed now: %s", error)
        except OSError as error:
            _log.error("%s cannot be written (%s): nothing is cosigned", self._path, error.strerror)
        except (ValueError, KeyError, TypeError) as error:
            _log.warning("what the ledger shows is no checkpoint: %s", error)

    async def _look(self) -> None:
        seen = self._seen()
        asked = f"from_size={seen.size}&origin={quote(seen.origin, safe='')}" if seen else "from_size=0"
        answer = await self._client.signed_get(WITNESS_PATH, asked)
        if answer is None:
            return
        told = json.loads(answer)
        note = str(told["checkpoint"])
        shown, signatures = opened_note(note)
        self._trust.reread()
        for each in told["handovers"]:
            self._trust.follow(str(each["key"]), str(each["by"]), str(each["signature"]))
        if not self._trust.keys:
            return  # it learns the ledger's key with the first receipt
        if not self._trust.has_signed(shown, signatures):
            await self._refuse(shown, "the checkpoint is not signed by the ledger that this gateway knows")
            return
        proof = [base64.b64decode(each, validate=True) for each in told["proof"]]
        before, seen = seen, self._after_restores(seen, told.get("epochs", ()))
        if conflict := conflict_of(seen, shown, proof):
            await self._refuse(shown, conflict)
            return
        self.trouble = ""
        if before is not None and shown.origin != before.origin:
            await self._tell_of_restore(before, shown)
        if shown != seen:
            self._keep(note)
        if shown.size != self._cosigned:
            await self._cosign(shown)

    def _after_restores(self, seen: Checkpoint | None, said: Iterable[Mapping[str, object]]) -> Checkpoint | None:
        """What of ``seen`` counts after the restores of which the ledger gives its signed word."""
        if seen is None:
            return None
        epochs = []
        for each in said:
            words = str(each["words"])
            if not self._trust.has_said(words.encode(), str(each["by"]), str(each["signature"])):
                return seen
            epochs.append(epoch_of(words))
        return after_restores(seen, epochs)

    async def _tell_of_restore(self, before: Checkpoint, shown: Checkpoint) -> None:
        """What it saw before stays on its disk, for whoever asks what was lost. Raises ``OSError``."""
        kept = self._path.with_name(f"{CHECKPOINT_FILE}.before-{shown.origin.rpartition('/')[2]}")
        if not kept.exists():
            kept.write_bytes(self._path.read_bytes())
        text = (
            f"the ledger was restored from a backup: its log goes on as {shown.origin}. This gateway has seen "
            f"{before.size} sealed rows of {before.origin}; its last checkpoint of that is kept in {kept.name}. "
            f"Tell quality: {WHAT_TO_DO_AFTER_RESTORE}"
        )
        _log.error("%s", text)
        data: dict[str, str | int | float | None] = {
            "origin": shown.origin[:200],
            "size": shown.size,
            "seen": before.size,
        }
        with suppress(JournalError):
            await self._record(Notice(stamp(self._clock), NoticeKind.SEAL_CONFLICT, "ledger", text, data))

    async def _cosign(self, shown: Checkpoint) -> None:
        at_s = int(self._clock.now().timestamp())
        signature = self._identity.sign(cosignature_words(shown, at_s))
        key = base64.b64decode(self._identity.public_key)
        line = cosignature_line(self._gateway, key, at_s, signature)
        said = {"gateway": self._gateway, "size": shown.size, "line": line}
        await self._client.post(COSIGNATURES_PATH, json.dumps(said).encode())
        self._cosigned = shown.size

    async def _refuse(self, shown: Checkpoint, why: str) -> None:
        text = f"{why}. Nothing is cosigned; {WHAT_TO_DO}"
        if text == self.trouble:
            return
        self.trouble = text
        _log.error("%s", text)
        notice = Notice(
            stamp(self._clock),
            NoticeKind.SEAL_CONFLICT,
            "ledger",
            text,
            {"origin": shown.origin[:200], "size": shown.size, "root": base64.b64encode(shown.root).decode()},
        )
        with suppress(JournalError):
            await self._record(notice)

    def _seen(self) -> Checkpoint | None:
        try:
            return opened_note(self._path.read_text(encoding="utf-8"))[0]
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, NoteFault) as error:
            raise NoteFault(f"{self._path} cannot be read ({error}): restore it, or move it away") from error

    def _keep(self, note: str) -> None:
        fresh = self._path.with_name(f".{self._path.name}.new")
        with fresh.open("w", encoding="utf-8") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        sync_directory(self._path.parent)
