"""What holds for accounts: passwords, how long wrong ones make the next attempt wait, how long a session lasts."""

import re
from datetime import timedelta

PASSWORD_CHARACTERS_MIN = 12
PASSWORD_CHARACTERS_MAX = 200
"""Length is what counts (NIST SP 800-63B, 5.1.1.2): no rules on kinds of characters, and no change by the calendar."""

ATTEMPTS_FREE = 5
"""Wrong ones before the next attempt has to wait."""
FIRST_WAIT = timedelta(seconds=30)
WAIT_MAX = timedelta(hours=1)
ATTEMPTS_REMEMBERED = timedelta(hours=24)
ADDRESS_WINDOW = timedelta(minutes=10)
ATTEMPTS_OF_ADDRESS_MAX = 50
"""From one address, whatever names were tried: a ward shares one, and a night shift signs in within minutes."""

SESSION_IDLE_MAX = timedelta(minutes=15)
SESSION_MAX = timedelta(hours=12)
SESSIONS_MAX = 5
"""Of one person at once; the oldest ends."""
ONE_TIME_VALID = timedelta(hours=72)

PERSON = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""What people are called: in events, on badges, at the sign-in."""
NOT_A_PERSON = frozenset(
    {"admin", "root", "user", "guest", "shared", "pharmacy", "ward", "shift", "nightshift", "night-shift", "team",
     "station", "dock", "desk", "service", "system", "test", "everybody", "nobody", "ledger"}
)  # fmt: skip
"""Names under which several people would sign in. Names of roles are none either."""


def wait_after(attempts: int) -> timedelta:
    """How long after so many wrong attempts the next one has to wait; twice as long each time.

    >>> [int(wait_after(n).total_seconds()) for n in (4, 5, 6, 7, 50)]
    [0, 30, 60, 120, 3600]
    """
    if attempts < ATTEMPTS_FREE:
        return timedelta(0)
    doublings = min(attempts - ATTEMPTS_FREE, 12)
    return min(WAIT_MAX, FIRST_WAIT * (1 << doublings))


def fault_of_password(password: str, person: str) -> str | None:
    """What is wrong with a password that somebody chose, or None.

    >>> fault_of_password("short", "amy")
    'it has 5 characters'
    """
    if len(password) < PASSWORD_CHARACTERS_MIN:
        return f"it has {len(password)} characters"
    if len(set(password)) < PASSWORD_CHARACTERS_MIN // 2:
        return "it repeats a few characters"
    if person.lower() in password.lower() and len(password) - len(person) < PASSWORD_CHARACTERS_MIN:
        return "it is the name with little more"
    return None
