"""A Merkle tree (RFC 6962) kept as tiles of 256 hashes (C2SP tlog-tiles): append, roots, proofs. No I/O.

A tile of level L holds the hashes of 256 neighbouring nodes of height 8 L. Full tiles never change; the last tile of
each level grows. Everything else is computed from them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256

from edge_agent.domain.seal.merkle import EMPTY_ROOT, HASH_BYTES, node_hash

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
TILE_BYTES = TILE_WIDTH * HASH_BYTES

ReadTile = Callable[[int, int], bytes]
"""The hashes of tile ``n`` of a level, one after another; more than are wanted does no harm."""


class GrowingTree:
    """The right edge of a tree: what is needed to append, and nothing else."""

    def __init__(self, size: int = 0, edge: Sequence[bytes] = ()) -> None:
        """``edge``: the hashes in the last, growing tile of each level, from level 0 up; empty where it is empty."""
        self.size = size
        self._edge = [bytearray(hashes) for hashes in edge]

    @property
    def edge(self) -> tuple[bytes, ...]:
        """As it was given."""
        return tuple(bytes(hashes) for hashes in self._edge)

    def append(self, leaves: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Append leaf hashes, written one after another; gives the full tiles that result: level, n and hashes."""
        self.size += len(leaves) // HASH_BYTES
        yield from self._append(0, leaves, self.size)

    def _append(self, level: int, hashes: bytes, count: int) -> Iterator[tuple[int, int, bytes]]:
        if level == len(self._edge):
            self._edge.append(bytearray())
        edge = self._edge[level]
        edge += hashes
        full = len(edge) // TILE_BYTES
        if not full:
            return
        first = count // TILE_WIDTH - full
        tiles = [bytes(edge[at * TILE_BYTES : (at + 1) * TILE_BYTES]) for at in range(full)]
        del edge[: full * TILE_BYTES]
        for at, tile in enumerate(tiles):
            yield level, first + at, tile
        above = b"".join(top_of(tile) for tile in tiles)
        yield from self._append(level + 1, above, count // TILE_WIDTH)

    def growing_tiles(self) -> Iterator[tuple[int, int, bytes]]:
        """The last tile of each level that is not full: level, n and hashes."""
        count = self.size
        for level, hashes in enumerate(self._edge):
            if hashes:
                yield level, count // TILE_WIDTH, bytes(hashes)
            count //= TILE_WIDTH

    def root(self) -> bytes:
        """The root as it is now."""
        hashed: bytes | None = None
        for hashes in self._edge:
            # The right end of a level is what its tile holds and, on its right, what the levels below hold.
            hashed = _root_of(_split(hashes), hashed)
        return EMPTY_ROOT if hashed is None else hashed


def top_of(tile: bytes) -> bytes:
    """The node above 256 (or another power of two) hashes."""
    # Written out: a ledger of ten million rows asks for ten million nodes.
    one, new = HASH_BYTES, sha256
    while len(tile) > one:
        tile = b"".join([new(b"\x01" + tile[at : at + 64]).digest() for at in range(0, len(tile), 64)])
    return tile


def root_of_prefix(size: int, read: ReadTile) -> bytes:
    """The root of the first ``size`` leaves."""
    return EMPTY_ROOT if size == 0 else _range_hash(0, size, read)


def inclusion_proof(index: int, size: int, read: ReadTile) -> list[bytes]:
    """PATH(index, D[size]) of RFC 6962, section 2.1.1."""
    proof, low, high = [], 0, size
    while high - low > 1:
        middle = low + _largest_power_below(high - low)
        if index < middle:
            proof.append(_range_hash(middle, high, read))
            high = middle
        else:
            proof.append(_range_hash(low, middle, read))
            low = middle
    return proof[::-1]


def consistency_proof(old_size: int, size: int, read: ReadTile) -> list[bytes]:
    """PROOF(old_size, D[size]) of RFC 6962, section 2.1.2."""
    if old_size in (0, size):
        return []
    proof, low, high, is_whole = [], 0, size, True
    while old_size != high:
        middle = low + _largest_power_below(high - low)
        if old_size <= middle:
            proof.append(_range_hash(middle, high, read))
            high = middle
        else:
            proof.append(_range_hash(low, middle, read))
            low, is_whole = middle, False
    if not is_whole:
        proof.append(_range_hash(low, high, read))
    return proof[::-1]


def tile_path(number: int) -> str:
    """The number as paths carry it: 1234067 is ``x001/x234/067``."""
    text = str(number)
    text = text.rjust(-(-len(text) // 3) * 3, "0")
    groups = [text[at : at + 3] for at in range(0, len(text), 3)]
    return "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])


def entry_bundle(entries: Iterable[bytes]) -> bytes:
    """Entries of a tile of level 0, each with its length before it (2 bytes, big-endian)."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def _range_hash(low: int, high: int, read: ReadTile) -> bytes:
    """The node over leaves ``low`` to ``high``, which RFC 6962 splits off as one."""
    count = high - low
    if count & (count - 1) == 0:
        return _full_node(count.bit_length() - 1, low // count, read)
    middle = low + _largest_power_below(count)
    return node_hash(_range_hash(low, middle, read), _range_hash(middle, high, read))


def _full_node(height: int, index: int, read: ReadTile) -> bytes:
    level, rest = divmod(height, TILE_HEIGHT)
    first = index << rest
    hashes = read(level, first >> TILE_HEIGHT)
    at = (first & (TILE_WIDTH - 1)) * HASH_BYTES
    return top_of(hashes[at : at + (HASH_BYTES << rest)])


def _largest_power_below(count: int) -> int:
    return 1 << (count - 1).bit_length() - 1


def _split(hashes: bytes | bytearray) -> list[bytes]:
    return [bytes(hashes[at : at + HASH_BYTES]) for at in range(0, len(hashes), HASH_BYTES)]


def _root_of(hashes: list[bytes], right: bytes | None) -> bytes | None:
    """The node over full nodes of one height and, on their right, one of less."""
    if right is not None:
        hashes = [*hashes, right]
    if not hashes:
        return None
    while len(hashes) > 1:
        paired = [node_hash(hashes[at], hashes[at + 1]) for at in range(0, len(hashes) - 1, 2)]
        hashes = paired + (hashes[-1:] if len(hashes) % 2 else [])
    return hashes[0]
