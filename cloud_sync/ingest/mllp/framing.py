"""MLLP, the minimal lower layer protocol of HL7: a message between 0x0B and 0x1C 0x0D. No I/O."""

from collections.abc import Iterator

START = b"\x0b"
END = b"\x1c\r"


class FrameFault(ValueError):
    """Bytes that are no frame; the connection cannot be read any further."""


def framed(content: bytes) -> bytes:
    """A message as it goes over the wire."""
    return START + content + END


class FrameReader:
    """Cuts messages out of a stream, however it arrives. At most ``bytes_max`` of one message are kept."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._held = bytearray()

    @property
    def has_begun(self) -> bool:
        """Whether part of a message is here."""
        return bool(self._held)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Messages that are complete now. Raises ``FrameFault``."""
        self._held += data
        while self._held:
            if not self._held.startswith(START):
                # Between messages some senders write line ends; anything else is another protocol.
                rest = self._held.lstrip(b"\r\n")
                if rest and not rest.startswith(START):
                    raise FrameFault("a message begins with 0x0B; another protocol is spoken here")
                self._held = bytearray(rest)
                continue
            end = self._held.find(END)
            if end < 0:
                if len(self._held) > self._bytes_max + len(START):
                    raise FrameFault(f"a message has more than {self._bytes_max} bytes")
                return
            if end - len(START) > self._bytes_max:
                raise FrameFault(f"a message has more than {self._bytes_max} bytes")
            content = bytes(self._held[len(START) : end])
            del self._held[: end + len(END)]
            yield content
