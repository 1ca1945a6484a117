"""What was fetched from afar stays at hand, within its limit."""

from cloud_sync.archive.part_cache import PartCache


def test_the_least_recently_used_go_first_and_too_much_is_not_taken() -> None:
    cache = PartCache(10)
    cache.put(b"a", b"12345")
    cache.put(b"b", b"12345")
    assert cache.get(b"a") == b"12345"
    cache.put(b"c", b"1")
    cache.put(b"d", b"12345678901")
    assert [cache.get(each) for each in (b"a", b"b", b"c", b"d")] == [b"12345", None, b"1", None]
