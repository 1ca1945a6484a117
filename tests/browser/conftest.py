"""One browser for all tests of a process: to start one takes longer than most of them. Each test has its own window.

A browser belongs to the loop in which it was started: modules whose tests use it are marked to run in that one.
"""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.support.browsers import ARGUMENTS, program


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A test makes a context, which shares no cookies, no storage and no cache with others, and closes it."""
    async with async_playwright() as play:
        started = await play.chromium.launch(executable_path=program(), args=ARGUMENTS)
        yield started
        await started.close()
