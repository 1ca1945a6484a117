"""Opens the store at an address: a folder, or a bucket by way of ``[backup.s3]``."""

from functools import lru_cache
from pathlib import Path

from cloud_sync.archive.bucket_store import BucketStore
from cloud_sync.archive.stores import FolderStore, Store
from cloud_sync.backup.bucket_client import BucketAddress
from cloud_sync.backup.settings import BucketSettings

_in_use = [BucketSettings()]
"""How this process reaches object storage: one of them, said by whoever starts it."""


def reach_buckets_by(settings: BucketSettings) -> None:
    """From now on. The ledger's database knows the address of its archive, and no keys."""
    _in_use[0] = settings


def store_at(url: str) -> Store:
    """The store at a folder's path or an ``s3://`` address. Raises ``Invalid``."""
    if "://" in url:
        return _bucket(url, _in_use[0])
    return FolderStore(Path(url))


@lru_cache(maxsize=4)
def _bucket(url: str, settings: BucketSettings) -> Store:
    """One client for all who read: it keeps its connections."""
    return BucketStore(BucketAddress.of(url), settings)
