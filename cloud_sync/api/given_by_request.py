"""What an endpoint depends on that needs nothing but the request is worked out here, all at once.

FastAPI looks for values in path, query, headers and cookies for each thing that an endpoint depends on, and for each
that those depend on, also where they ask for none, and again for each place that names them. An endpoint that needs the
database, the time and who asks comes to eleven of them, which is a quarter of all that is done in its thread. What
they are is known before anybody asks: a function of the request. It is called once for a request, as FastAPI would.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import fields, replace
from functools import cache, wraps
from typing import Any

from fastapi import Request
from fastapi.dependencies.models import Dependant

from cloud_sync.api.one_thread import staying

GIVEN = "given_by_request"
KNOWN = "lotwarden.given"
"""In the scope of a request: what was worked out for it, by the function that did."""
NAMES_OF_REQUEST = ("request_param_name", "http_connection_param_name")
SAYS_NOTHING_ELSE = {"dependencies", "name", "call", "use_cache", "path", "scope", *NAMES_OF_REQUEST}
"""What FastAPI may know of a dependency that needs only the request; of all else, there is nothing."""

Ask = Callable[[Request], Awaitable[Any]]


def in_its_thread(dependant: Dependant) -> Dependant:
    """The same, with functions that stay in the thread in which they are called, and all that needs only the request as
    one dependency, which comes first: who may not ask is told before what is wrong with the rest."""
    call = staying(dependant.call)
    by_request = {id(each): each for each in dependant.dependencies if _needs_only_request(each)}
    others = [in_its_thread(each) for each in dependant.dependencies if id(each) not in by_request]
    if not by_request:
        return replace(dependant, call=call, dependencies=others)
    asking = [(each.name, _asking(each)) for each in by_request.values()]

    async def given(request: Request) -> dict[str, Any]:
        return await _answers(asking, request)

    first = Dependant(call=given, name=GIVEN, request_param_name="request", path=dependant.path)
    return replace(dependant, call=_unpacking(call), dependencies=[first, *others])


def _needs_only_request(dependant: Dependant) -> bool:
    if any(getattr(dependant, each.name) for each in fields(dependant) if each.name not in SAYS_NOTHING_ELSE):
        return False
    return all(_needs_only_request(each) for each in dependant.dependencies)


def _asking(dependant: Dependant) -> Ask:
    call = staying(dependant.call)
    needs = [(each.name, _asking(each)) for each in dependant.dependencies]
    names = [name for each in NAMES_OF_REQUEST if (name := getattr(dependant, each))]

    async def ask(request: Request) -> Any:
        known = request.scope.setdefault(KNOWN, {})
        if dependant.use_cache and call in known:
            return known[call]
        values = await _answers(needs, request)
        answer = known[call] = await call(**values, **dict.fromkeys(names, request))
        return answer

    return ask


async def _answers(asking: Sequence[tuple[str | None, Ask]], request: Request) -> dict[str, Any]:
    """By name, where they have one; the others are asked all the same, for they may refuse."""
    answers = [(name, await ask(request)) for name, ask in asking]
    return {name: answer for name, answer in answers if name is not None}


@cache
def _unpacking(call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """The same for all places that name it: FastAPI knows by it what was worked out already."""

    @wraps(call)
    async def unpacked(**values: Any) -> Any:
        return await call(**values.pop(GIVEN), **values)

    return unpacked
