"""A request has one thread: who asks, what they ask for and what is answered are worked out in it.

FastAPI sends each function that is no coroutine to a thread of its own: the one that finds out who asks, the endpoint,
and the check of its answer. Each time a thread is woken, then the loop, and all that they need is in no processor's
cache any more. Where an endpoint is no coroutine, all of it goes to one thread instead; the loop only reads what was
sent, and sends what is answered. Coroutines that an endpoint depends on run in that thread, too, so none of them may
wait for anything but :func:`in_thread`, and a request's body or form, which are read before.

The threads are Python's own: to hand something to one of anyio's, as FastAPI does, is a tenth of all that the loop does
for a request.
"""

from asyncio import get_running_loop
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from functools import cache, partial, wraps
from inspect import isasyncgenfunction, isclass, iscoroutinefunction, isgeneratorfunction, isroutine
from typing import Any, ParamSpec, TypeVar

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.dependencies.models import Dependant

from cloud_sync.storage.database import ACTING_FOR

P = ParamSpec("P")
T = TypeVar("T")
REQUESTS_AT_ONCE = 40
"""Others wait. As many as FastAPI works out at once."""
FORMS = ("application/x-www-form-urlencoded", "multipart/")

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_threads = ThreadPoolExecutor(REQUESTS_AT_ONCE, thread_name_prefix="request")
_is_in_thread: ContextVar[bool] = ContextVar("whether this is the thread of a request", default=False)


async def in_thread(do: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What ``do`` gives: here, if this is the request's thread, or in another one while the loop goes on."""
    if _is_in_thread.get():
        return do(*args, **kwargs)
    return await run_in_threadpool(do, *args, **kwargs)


def is_form(request: Request) -> bool:
    """Whether what was sent says that it is a form."""
    return request.headers.get("content-type", "").startswith(FORMS)


def may_have_one_thread(dependant: Dependant) -> bool:
    """Whether all that an endpoint is and depends on can be worked out in one thread."""
    return _is_for_threads(dependant.call) and not _has_generator(dependant)


def in_one_thread(handle: Handler) -> Handler:
    """What answers a request as ``handle`` does, in one thread. All that ``handle`` calls has to stay in its thread."""

    async def handled(request: Request) -> Response:
        await request.body()
        if is_form(request):
            await request.form()
        acting_for: list[str | None] = []
        try:
            work_out = partial(copy_context().run, _to_its_end, handle(request), acting_for)
            return await get_running_loop().run_in_executor(_threads, work_out)
        finally:
            for owner in acting_for:  # an answer that streams, or tells an error, reads as whoever asked, too
                ACTING_FOR.set(owner)

    return handled


def _to_its_end(answering: Coroutine[Any, Any, Response], acting_for: list[str | None]) -> Response:
    _is_in_thread.set(True)
    try:
        answering.send(None)
    except StopIteration as done:
        answer: Response = done.value
        return answer
    finally:
        acting_for.append(ACTING_FOR.get())
        answering.close()
    raise RuntimeError("something that an endpoint depends on waits for the loop, in the request's own thread")


def staying(call: Any) -> Any:
    """What does the same as ``call`` as a coroutine, in the thread that calls it."""
    return _staying(call) if _is_for_threads(call) else call


@cache
def _staying(call: Callable[..., T]) -> Callable[..., Coroutine[Any, Any, T]]:
    """A coroutine that never waits, for FastAPI to call it where it is; with a context of its own, as threads have."""

    @wraps(call)
    async def stays(**values: Any) -> T:
        return copy_context().run(call, **values)

    return stays


def _is_for_threads(call: Any) -> bool:
    return not _is_any_of(call, iscoroutinefunction)


def _has_generator(dependant: Dependant) -> bool:
    if _is_any_of(dependant.call, isgeneratorfunction) or _is_any_of(dependant.call, isasyncgenfunction):
        return True
    return any(_has_generator(each) for each in dependant.dependencies)


def _is_any_of(call: Any, is_kind: Callable[[Any], bool]) -> bool:
    """Whether a function, or what an object does when it is called, is of this kind."""
    return is_kind(call if isroutine(call) or isclass(call) else type(call).__call__)
