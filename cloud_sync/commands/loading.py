"""How modules are loaded: quicker, and so that what they hold is not looked through again and again."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """What is made in this block stays to the end of the process: the collector of garbage need not look through it.

    Loading the ledger makes three hundred thousand objects and hardly any garbage, and the collector took a sixth of
    the time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def keep_what_is_there() -> None:
    """What is there once a ledger has prepared itself stays, too: looking through it took forty milliseconds, in which
    all requests waited, each time that some two thousand had been answered.
    """
    gc.collect()
    gc.freeze()
