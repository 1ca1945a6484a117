"""The console as a browser without scripts uses it: pages are read, forms on them are filled in and sent."""

import html
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

from tests.support.ledger_api import Api, Somebody
from tests.support.people import PASSWORD

Fields = list[tuple[str, str]]


@dataclass
class PageForm:
    """A form on a page, with the values that it shows; ``actions`` are where its buttons send it."""

    actions: set[str]
    fields: Fields = field(default_factory=list)


class Forms(HTMLParser):
    """All forms of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[PageForm] = []
        self._select = self._option = self._area = ""
        self._chosen: str | None = None
        self._text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Fields with their values."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(PageForm({given.get("action", "")}))
        if not self.found:
            return
        form = self.found[-1]
        if tag == "button" and "formaction" in given:
            form.actions.add(given["formaction"])
        is_off = given.get("type") in ("checkbox", "radio", "file") and "checked" not in given
        if tag == "input" and given.get("name") and not is_off:
            form.fields.append((given["name"], given.get("value", "")))
        if tag == "select":
            self._select, self._chosen = given.get("name", ""), None
        if tag == "option" and self._select and (self._chosen is None or "selected" in given):
            self._chosen, self._option = given.get("value", ""), "" if "value" in given else "named by its text"
        if tag == "textarea":
            self._area, self._text = given.get("name", ""), ""

    def handle_data(self, data: str) -> None:
        """What stands in a textarea, and what an option without a value says."""
        if self._area:
            self._text += data
        if self._option and data.strip():
            self._chosen, self._option = data.strip(), ""

    def handle_endtag(self, tag: str) -> None:
        """Fields that end here."""
        if tag == "select" and self._select and self.found:
            self.found[-1].fields.append((self._select, self._chosen or ""))
            self._select = ""
        if tag == "textarea" and self._area and self.found:
            self.found[-1].fields.append((self._area, self._text))
            self._area = ""


class Console:
    """Somebody at the console, with a token; one browser that many people use after each other."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def sign_in(self, somebody: Somebody) -> None:
        """Who uses it from now on."""
        self.api.client.cookies.clear()
        answer = self.api.client.post("/login/token", data={"token": somebody.token}, follow_redirects=False)
        assert answer.status_code == 303

    def sign_in_person(self, person: str) -> None:
        """Who uses it from now on, by name and password: only they can sign."""
        self.api.client.cookies.clear()
        form = {"person": person, "password": PASSWORD}
        assert self.api.client.post("/login", data=form, follow_redirects=False).status_code == 303

    def page(self, path: str) -> str:
        """The page's text."""
        answer = self.api.client.get(path)
        assert answer.status_code == 200, (path, answer.text)
        return answer.text

    def whole_page(self, path: str) -> str:
        """The text of a page that puts off what takes long."""
        rest = re.search(r'<noscript><p><a href="([^"]+)"', self.page(path))
        assert rest is not None, "nothing was put off"
        return self.page(html.unescape(rest[1]))

    def send(self, path: str, action: str, /, **values: str | list[str]) -> httpx.Response:
        """Fill in the form on the page ``path`` that goes to ``action``, and send it; other fields as they are."""
        forms = [form for form in Forms(self.page(path)).found if action in form.actions]
        assert forms, f"{path} has no form that goes to {action}"
        data: dict[str, str | list[str]] = {}
        for name, value in forms[0].fields:
            known = data.get(name)
            data[name] = value if known is None else [*([known] if isinstance(known, str) else known), value]
        return self.api.client.post(action, data=data | values, follow_redirects=False)

    def does(self, path: str, action: str, /, **values: str | list[str]) -> str:
        """The same, which has to work; where it leads to."""
        answer = self.send(path, action, **values)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])
