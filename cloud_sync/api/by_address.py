"""Requests find their endpoint by the parts of their address, not by trying hundreds of routes one after another.

A router asks each of its routes in turn whether it matches. With some nine hundred of them that takes milliseconds of
each request, most of all for pages, whose routes come last. Here the routes stand in a tree of the fixed parts of their
addresses, and a router asks only those that begin as the request's address does, in the same order as ever.
"""

from collections.abc import Sequence
from copy import copy
from functools import cache

from starlette.routing import BaseRoute, Router
from starlette.types import Receive, Scope, Send


class ByAddress:
    """What ``router`` does, with the routes that can match alone: the same answers, also of 404, 405 and redirects."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._tree = _Tree(())
        self._narrowed: dict[int, Router] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._router.app(scope, receive, send)
            return
        if self._tree.count != len(self._router.routes):
            self._tree, self._narrowed = _Tree(self._router.routes), {}
        scope.setdefault("router", self._router)
        await self._that_asks(self._tree.find(_address(scope))).app(scope, receive, send)

    def _that_asks(self, routes: list[BaseRoute]) -> Router:
        key = id(routes)  # a list of the tree's, which stays
        if key not in self._narrowed:
            narrowed = copy(self._router)
            narrowed.routes = routes
            self._narrowed[key] = narrowed
        return self._narrowed[key]


_Placed = tuple[tuple[str, ...], BaseRoute]
"""A route and the fixed parts of its address."""


class _Tree:
    """Routes by the fixed parts with which their addresses begin, each list in the order of ``routes``."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self.count = len(routes)
        self._root = _Node([(_fixed_parts(str(getattr(route, "path", ""))), route) for route in routes], 0)

    def find(self, address: str) -> list[BaseRoute]:
        """Every route whose fixed parts are the first ones of ``address``."""
        node = self._root
        for part in address.split("/")[1:]:
            below = node.below(part)
            if below is None:
                break
            node = below
        return node.routes


class _Node:
    """The routes of which the first ``depth`` parts are those that lead here; made when the first request comes by."""

    def __init__(self, placed: list[_Placed], depth: int) -> None:
        self.routes = [route for parts, route in placed if len(parts) <= depth]
        """Those that have no more fixed parts: all addresses from here on may be theirs."""
        self._depth = depth
        self._placed = placed
        self._parts = {parts[depth] for parts, _ in placed if len(parts) > depth}
        self._below: dict[str, _Node] = {}

    def below(self, part: str) -> "_Node | None":
        """Where a request goes on whose next part is this; ``None`` if no route has it there."""
        if part not in self._parts:
            return None
        if part not in self._below:
            depth = self._depth
            placed = [each for each in self._placed if len(each[0]) <= depth or each[0][depth] == part]
            self._below[part] = _Node(placed, depth + 1)
        return self._below[part]


@cache
def _fixed_parts(path: str) -> tuple[str, ...]:
    """Up to the first that is a parameter; a slash at the end makes no difference, for it is redirected."""
    parts: list[str] = []
    for part in path.rstrip("/").split("/")[1:]:
        if "{" in part:
            break
        parts.append(part)
    return tuple(parts)


def _address(scope: Scope) -> str:
    """Without the path under which a proxy serves the ledger."""
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    return path[len(root) :] if root and (path == root or path.startswith(f"{root}/")) else path
