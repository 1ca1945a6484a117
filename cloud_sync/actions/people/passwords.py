"""Hashes of passwords: argon2id, a few at a time, for each takes 64 MB."""

import secrets
from threading import BoundedSemaphore

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from cloud_sync.errors import TooMany

AT_ONCE = 4
WAIT_S = 10.0

hasher = PasswordHash((Argon2Hasher(),))  # RFC 9106, section 4: 3 passes over 64 MiB, 4 lanes
_turns = BoundedSemaphore(AT_ONCE)


def hash_of(password: str) -> str:
    """What to keep of a password."""
    with _Turn():
        return hasher.hash(password)


def fits(password: str, kept: str | None) -> bool:
    """Whether it is the password of that hash. Without a hash the work is the same: nobody learns which names exist."""
    with _Turn():
        if kept is None:
            hasher.hash(password)
            return False
        return hasher.verify(password, kept)


def one_time_secret() -> str:
    """Something to be typed once: 100 bits in groups of five letters and digits that look like no others."""
    letters = "23456789abcdefghjkmnpqrstuvwxyz"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))


class _Turn:
    def __enter__(self) -> None:
        if not _turns.acquire(timeout=WAIT_S):
            raise TooMany("too many people sign in at once")

    def __exit__(self, *_: object) -> None:
        _turns.release()
