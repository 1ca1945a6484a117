"""What is said in Modbus, whatever carries it: requests, writes, and what an answer to them has to look like.

No I/O. Source: Modbus application protocol 1.1b3, sections 6 and 7.
"""

import struct
from dataclasses import dataclass
from typing import Literal

ReadFunction = Literal[1, 2, 3, 4]
"""1 reads coils, 2 discrete inputs, 3 holding registers, 4 input registers."""
WriteFunction = Literal[5, 6, 16]
"""5 writes one coil, 6 one holding register, 16 several."""

EXCEPTIONS = {
    1: "illegal function: the profile asks with a function code that this model does not know",
    2: "illegal data address: the profile, or address_offset, does not fit this model",
    3: "illegal data value: the profile asks for more registers than this model returns in one request",
    4: "the device reports a failure of its own",
    5: "the device needs longer to answer",
    6: "the device is busy",
    8: "the device reports a memory parity error",
    10: "the Modbus gateway has no path to this unit: check the gateway's settings",
    11: "the Modbus gateway got no answer from this unit: check its power, wiring and unit id",
}
"""What a Modbus exception code means for the person who reads the log (section 7)."""
UNIT_IS_SILENT = (10, 11)
"""Exceptions by which a Modbus gateway says that the unit behind it does not answer."""


@dataclass(frozen=True, slots=True)
class Request:
    """One read of ``count`` registers (or coils) from ``address``, as in the profile: an offset comes on top."""

    function: ReadFunction
    address: int
    count: int


@dataclass(frozen=True, slots=True)
class Write:
    """One write of ``values`` from ``address``. A coil takes 0 or 1."""

    function: WriteFunction
    address: int
    values: tuple[int, ...]


Ask = Request | Write


def meaning_of_exception(code: int) -> str:
    """What exception ``code`` means, in words."""
    return EXCEPTIONS.get(code, "an exception code that Modbus does not know")


def pdu_of(ask: Ask) -> bytes:
    """The protocol data unit that asks."""
    if isinstance(ask, Request):
        return struct.pack(">BHH", ask.function, ask.address, ask.count)
    if ask.function == 5:
        return struct.pack(">BHH", 5, ask.address, 0xFF00 if ask.values[0] else 0)
    if ask.function == 6:
        return struct.pack(">BHH", 6, ask.address, ask.values[0])
    count = len(ask.values)
    return struct.pack(f">BHHB{count}H", 16, ask.address, count, 2 * count, *ask.values)


def answer_bytes(ask: Ask) -> int:
    """How long the protocol data unit of a good answer is."""
    if isinstance(ask, Write):
        return 5
    return 2 + data_bytes(ask)


def data_bytes(request: Request) -> int:
    """How many bytes of data a good answer to a read carries."""
    return (request.count + 7) // 8 if request.function in (1, 2) else 2 * request.count


def fault_in_pdu(pdu: bytes, ask: Ask) -> str | None:
    """Why ``pdu`` (a whole one) is no answer to ``ask``, in words; None if it is one, exceptions included."""
    function, body = pdu[0], pdu[1:]
    if function & 0x7F != ask.function:
        return f"an answer to function {function & 0x7F}, but {ask.function} was asked"
    wanted_bytes = 1 if function & 0x80 else answer_bytes(ask) - 1
    has_wrong_count = isinstance(ask, Request) and not function & 0x80 and body[:1] != bytes([data_bytes(ask)])
    if len(body) != wanted_bytes or has_wrong_count:
        return f"an answer of {len(body)} bytes, but {wanted_bytes} were asked: {pdu.hex(' ')}"
    if isinstance(ask, Write) and not function & 0x80 and pdu != pdu_of(ask)[:5]:
        return f"an answer to another write: {pdu.hex(' ')}"
    return None


def words_of(pdu: bytes, request: Request) -> tuple[int, ...]:
    """The registers (or coils, 0 or 1) in a good answer to ``request``."""
    data = pdu[2:]
    if request.function in (1, 2):
        return tuple(data[at // 8] >> at % 8 & 1 for at in range(request.count))
    return struct.unpack(f">{request.count}H", data)
