"""The tree in tiles agrees with RFC 6962: with the published roots, and with its recursion written down."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_sync.seal.tree import (
    TILE_WIDTH,
    GrowingTree,
    consistency_proof,
    entry_bundle,
    inclusion_proof,
    root_of_prefix,
    tile_path,
)
from edge_agent.domain.seal.merkle import EMPTY_ROOT, is_consistent, is_included, leaf_hash

# The eight entries and nine roots that implementations of RFC 6962 share (certificate-transparency's merkle_tree_test).
REFERENCE_ENTRIES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
REFERENCE_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

SIZES = st.one_of(st.integers(0, 20), st.sampled_from([255, 256, 257, 511, 512, 513, 700]), st.integers(0, 3000))


def leaves(count: int) -> list[bytes]:
    return [leaf_hash(str(number).encode()) for number in range(count)]


LEAVES = leaves(66_000)


def naive_root(hashes: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, word for word."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return sha256(b"\x01" + naive_root(hashes[:k]) + naive_root(hashes[k:])).digest()


def naive_path(m: int, hashes: list[bytes]) -> list[bytes]:
    """PATH of section 2.1.1, word for word."""
    if len(hashes) == 1:
        return []
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    if m < k:
        return [*naive_path(m, hashes[:k]), naive_root(hashes[k:])]
    return [*naive_path(m - k, hashes[k:]), naive_root(hashes[:k])]


class Kept:
    """A tree and its tiles, as a database would have them."""

    def __init__(self) -> None:
        self.tree = GrowingTree()
        self.tiles: dict[tuple[int, int], bytes] = {}

    def append(self, hashes: list[bytes]) -> None:
        for level, number, tile in self.tree.append(b"".join(hashes)):
            self.tiles[level, number] = tile
        for level, number, tile in self.tree.growing_tiles():
            self.tiles[level, number] = tile

    def read(self, level: int, number: int) -> bytes:
        return self.tiles[level, number]


def kept(*counts: int) -> Kept:
    result, at = Kept(), 0
    for count in counts:
        result.append(LEAVES[at : at + count])
        at += count
    return result


@pytest.mark.parametrize("size", range(9))
def test_the_reference_entries_have_the_published_roots(size: int) -> None:
    tree = Kept()
    tree.append([leaf_hash(entry) for entry in REFERENCE_ENTRIES[:size]])
    assert tree.tree.root().hex() == REFERENCE_ROOTS[size]
    assert root_of_prefix(size, tree.read).hex() == REFERENCE_ROOTS[size]


@settings(deadline=None, max_examples=40)
@given(st.lists(SIZES, max_size=5))
def test_a_tree_that_grew_in_any_steps_has_the_root_of_the_rfc(counts: list[int]) -> None:
    counts = counts if sum(counts) <= len(LEAVES) else counts[:1]
    tree = kept(*counts)
    assert tree.tree.size == sum(counts)
    assert tree.tree.root() == naive_root(LEAVES[: sum(counts)])


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 3000), st.data())
def test_a_leaf_is_proven_to_be_in_every_later_tree_and_nowhere_else(size: int, data: st.DataObject) -> None:
    tree, index = kept(size), data.draw(st.integers(0, size - 1))
    at_size = data.draw(st.integers(index + 1, size))
    proof, root = inclusion_proof(index, at_size, tree.read), root_of_prefix(at_size, tree.read)
    assert root == naive_root(LEAVES[:at_size])
    assert proof == naive_path(index, LEAVES[:at_size])
    assert is_included(LEAVES[index], index, at_size, proof, root)
    assert not is_included(LEAVES[index + 1], index, at_size, proof, root)
    assert not is_included(LEAVES[index], (index + 1) % at_size, at_size, proof, root) or at_size == 1
    assert not is_included(LEAVES[index], index, at_size, [*proof, root], root)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 3000), st.integers(0, 3000))
def test_a_tree_is_proven_to_go_on_from_every_earlier_one(old_size: int, more: int) -> None:
    size = old_size + more
    tree = kept(size)
    old, new = naive_root(LEAVES[:old_size]), naive_root(LEAVES[:size])
    proof = consistency_proof(old_size, size, tree.read)
    assert is_consistent(old_size, size, proof, old, new)
    if 0 < old_size < size:
        other = naive_root([*LEAVES[: old_size - 1], b"\x00" * 32])
        assert not is_consistent(old_size, size, proof, other, new)
        assert not is_consistent(old_size, size, proof[:-1], old, new)
        assert not is_consistent(old_size, size, proof, old, old)


def test_an_empty_proof_proves_nothing_of_a_larger_tree() -> None:
    new = naive_root(LEAVES[:7])
    assert is_consistent(0, 7, [], EMPTY_ROOT, new)
    assert not is_consistent(3, 7, [], naive_root(LEAVES[:3]), new)
    assert not is_consistent(7, 3, [], new, new)
    assert is_consistent(7, 7, [], new, new)


def test_three_levels_of_tiles_are_made_and_full_ones_never_change() -> None:
    tree = kept(TILE_WIDTH * TILE_WIDTH)
    before = dict(tree.tiles)
    tree.append(LEAVES[TILE_WIDTH * TILE_WIDTH :])
    assert tree.tree.root() == naive_root(LEAVES)
    assert {level for level, _ in tree.tiles} == {0, 1, 2}
    assert all(tree.tiles[key] == tile for key, tile in before.items() if len(tile) == TILE_WIDTH * 32)


@pytest.mark.parametrize(("number", "path"), [(0, "000"), (999, "999"), (1000, "x001/000"), (1234067, "x001/x234/067")])
def test_tiles_have_the_paths_of_tlog_tiles(number: int, path: str) -> None:
    assert tile_path(number) == path


def test_a_bundle_says_how_long_each_entry_is() -> None:
    assert entry_bundle([b"ab", b"", b"c" * 300]) == b"\0\x02ab\0\0\x01\x2c" + b"c" * 300
