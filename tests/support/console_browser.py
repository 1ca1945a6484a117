"""The console in a real browser: the same forms, opened, filled in and sent as a person does it."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Browser, Locator, Page, Response, sync_playwright

from cloud_sync.api.connections import Doorkeeper
from tests.support.browsers import ARGUMENTS, program
from tests.support.console import Console
from tests.support.ledger_api import ANY_TIME, NOW, Api, Somebody
from tests.support.served import served

SCREEN = {"width": 1024, "height": 768}
"""A tablet lying on its side: what most people have at a workplace."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser, for all tests of a module."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program(), args=ARGUMENTS, timeout=60_000)
        yield browser
        browser.close()


class BrowserConsole(Console):
    """What ``Console`` does, by hand: folded parts are opened, fields filled in, buttons pressed.

    ``faults`` are the errors and warnings of pages, and requests to other hosts.
    """

    def __init__(self, api: Api, url: str, page: Page) -> None:
        super().__init__(api)
        self._url = url
        self._page = page
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda line: self._said(line.type, line.text))
        page.on("request", lambda request: self._asked(request.url))

    def _said(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and "the server responded with a status of 4" not in text:
            self.faults.append(text)

    def _asked(self, url: str) -> None:
        if not url.startswith((self._url, "data:")):
            self.faults.append(f"asked {url}")

    def sign_in(self, somebody: Somebody) -> None:
        """Who uses it from now on."""
        super().sign_in(somebody)
        self._same_session()

    def sign_in_person(self, person: str) -> None:
        """Who uses it from now on, by name and password."""
        super().sign_in_person(person)
        self._same_session()

    def _same_session(self) -> None:
        context = self._page.context
        context.clear_cookies()
        for cookie in self.api.client.cookies.jar:
            context.add_cookies([{"name": cookie.name, "value": cookie.value or "", "url": self._url}])

    def page(self, path: str) -> str:
        """The page as it stands in the browser; a file as it is."""
        if "csv=" in path:
            return super().page(path)
        answer = self._page.goto(self._url + path)
        assert answer is not None and answer.status == 200, (path, answer)
        return self._page.content()

    def whole_page(self, path: str) -> str:
        """The page when all of it has come."""
        self.page(path)
        self._page.locator("#rest:not([hx-get])").wait_for()
        return self._page.content()

    def send(self, path: str, action: str, /, **values: str | list[str]) -> httpx.Response:
        """Fill in the form on the page ``path`` that goes to ``action``, and press its button."""
        self.page(path)
        form = self._form(action, values)
        for folded in form.locator("xpath=ancestor::details[not(@open)]").all():
            folded.locator("> summary").click()
        buttons = form.locator(f'button[formaction="{action}"]')
        if not buttons.count():
            buttons = form.locator("button:not([formaction]):not([type=button])")
        for name, value in values.items():
            if form.locator(f'button[name="{name}"]').count():
                buttons = buttons.and_(form.locator(f'[value="{value}"]'))
            else:
                self._enter(form, name, value)
        with self._page.expect_navigation() as navigation:
            buttons.first.click()
        return _as_answer(navigation.value)

    def _form(self, action: str, values: dict[str, str | list[str]]) -> Locator:
        """The form that goes there; of several, the one about what the values name (its hidden fields have them)."""
        forms = self._page.locator(f'form[action="{action}"], form:has(button[formaction="{action}"])').all()
        for form in forms:
            asked = {name: value for name, value in values.items() if isinstance(value, str)}
            if all(_hidden(form, name) in (None, value) for name, value in asked.items()):
                return form
        raise AssertionError(f"{self._page.url} has no form that goes to {action} about {values}")

    def _enter(self, form: Locator, name: str, value: str | list[str]) -> None:
        fields = form.locator(f'[name="{name}"]')
        if fields.first.get_attribute("type") in ("checkbox", "radio"):
            wanted = [value] if isinstance(value, str) else value
            for field in fields.all():
                field.set_checked(field.get_attribute("value") in wanted)
            return
        for number, text in enumerate([value] if isinstance(value, str) else value):
            field = fields.nth(number)
            for folded in field.locator("xpath=ancestor::details[not(@open)]").all():
                folded.locator("> summary").click()
            if field.get_attribute("type") == "hidden":
                assert field.get_attribute("value") == text, f"{name} is {field.get_attribute('value')}, not {text}"
            elif field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(text)
            else:
                field.fill(text)


def _hidden(form: Locator, name: str) -> str | None:
    """The value of its hidden field of that name, if it has one."""
    found = form.locator(f'input[type=hidden][name="{name}"]')
    return found.first.get_attribute("value") if found.count() else None


def _as_answer(came: Response | None) -> httpx.Response:
    """A redirect as it was told, anything else as it came."""
    assert came is not None
    if came.request.redirected_from is None:
        return httpx.Response(came.status, text=came.text())
    assert came.status == 200, (came.url, came.text())
    at = urlsplit(came.url)
    location = at.path + (f"?{at.query}" if at.query else "") + (f"#{at.fragment}" if at.fragment else "")
    return httpx.Response(303, headers={"Location": location})


@contextmanager
def console_in(browser: Browser, api: Api) -> Iterator[BrowserConsole]:
    """The console of this ledger in a window of its own; fails afterwards if its pages had faults."""
    with served(api.database, Doorkeeper(), clock=lambda: NOW, typed_times=ANY_TIME) as port:
        context = browser.new_context(viewport=SCREEN)
        page = context.new_page()
        page.set_default_timeout(20_000)
        console = BrowserConsole(api, f"http://127.0.0.1:{port}", page)
        yield console
        context.close()
    assert console.faults == []
