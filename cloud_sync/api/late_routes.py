"""Routes that are worked out when the first request comes for them, so that a ledger of hundreds starts soon.

To work out what an endpoint takes and gives, FastAPI reads its signature and those of all that it depends on, and
makes a validator for each value: some 10 ms each, twice where a router is included in another one. Until then a route
knows no more than what finds it.
"""

from collections.abc import Callable
from copy import copy
from inspect import unwrap
from threading import RLock
from typing import Any, Self, get_type_hints

from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.routing import compile_path

from cloud_sync.api.given_by_request import in_its_thread
from cloud_sync.api.one_thread import Handler, in_one_thread, may_have_one_thread

_taking_turns = RLock()


class LateRoute(APIRoute):
    """A route of which everything but its address is worked out when it is first asked for."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **settings: Any) -> None:
        self.path = path
        self.endpoint = endpoint
        self.name = settings.get("name") or endpoint.__name__
        self.methods = {method.upper() for method in settings.get("methods") or ("GET",)}
        self.include_in_schema = settings.get("include_in_schema", True)
        self.path_regex, self.path_format, self.param_convertors = compile_path(path)
        self._settings: dict[str, Any] | None = settings

    def under(self, prefix: str, **settings: Any) -> Self:
        """The same route at another address. Raises ``RuntimeError`` if it was asked for already."""
        if self._settings is None:
            raise RuntimeError(f"{self.path} was asked for before it was put under {prefix}")
        return type(self)(prefix + self.path, self.endpoint, **{**self._settings, **settings})

    def work_out_ahead(self) -> None:
        """Make the rest of it before somebody asks, unless somebody did."""
        _ = self.dependant

    def work_out(self, settings: dict[str, Any]) -> None:
        """Make the rest of it, of what its decorator says.

        What a body looks like is worked out first: FastAPI keeps pydantic quiet about names of parameters only where it
        makes their validators itself, at once.
        """
        for each in get_type_hints(unwrap(self.endpoint)).values():
            if isinstance(each, type) and issubclass(each, BaseModel) and each.model_config.get("defer_build"):
                each.model_rebuild()
                each.model_config["defer_build"] = False
        super().__init__(self.path, self.endpoint, **settings)

    def get_route_handler(self) -> Handler:
        """What answers a request, in one thread if it can."""
        if not may_have_one_thread(self.dependant):
            return super().get_route_handler()
        served = copy(self)  # for the API's description is made of the route itself
        served.dependant = in_its_thread(self.dependant)
        return in_one_thread(APIRoute.get_route_handler(served))

    def __getattr__(self, name: str) -> Any:
        """Asked for what is not there, which is what has not been worked out yet."""
        with _taking_turns:
            settings = self.__dict__.get("_settings")
            if settings is not None:
                self._settings = None
                self.work_out(settings)
            if name in self.__dict__:
                return self.__dict__[name]
        raise AttributeError(f"a {type(self).__name__} has no {name}")
