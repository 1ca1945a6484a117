"""Everything else (SMS, chat, telephone) by apprise: one URL a target."""

import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cloud_sync.errors import Invalid
from cloud_sync.notify.message import Message
from cloud_sync.notify.outside import NotDelivered, checked_address

if TYPE_CHECKING:
    import apprise

LOCAL = frozenset({"dbus", "gio", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows", "x11"})
"""What would speak to the machine of the ledger instead of a person."""
OWN_HOST = frozenset({"json", "jsons", "xml", "xmls", "form", "forms"})
"""What is only an address: for these there are signed webhooks."""


def check_apprise_url(url: str) -> str:
    """What may be shown of an apprise URL: the service alone. Raises ``Invalid``."""
    scheme = urlsplit(url).scheme.lower() if "://" in url else ""
    if scheme in LOCAL:
        raise Invalid(
            f"{scheme}:// shows messages on the ledger's own machine", "Choose a service that reaches people."
        )
    if scheme in OWN_HOST:
        raise Invalid(f"{scheme}:// posts to any address, unsigned", "Add it as a webhook: it is signed then.")
    if not scheme or _plugin(url) is None:
        raise Invalid(
            "apprise does not know this URL", "See https://github.com/caronc/apprise/wiki for how to write it."
        )
    return f"{scheme}://…"


def send_by_apprise(message: Message, url: str, private_hosts: frozenset[str]) -> None:
    """Hand a message to the service. Raises ``NotDelivered``."""
    import apprise  # late: only those who have such a channel need it

    plugin = _plugin(url)
    service = urlsplit(url).scheme
    if plugin is None:
        raise NotDelivered(f"apprise does not know {service}:// any more")
    # Only of what people run themselves the host is an address: elsewhere a key stands in its place.
    if any("{host}" in template for template in _templates(plugin)) and (host := str(plugin.host or "")):
        checked_address(host, 443, private_hosts)
    sender = apprise.Apprise()
    sender.add(plugin)
    # Without a format the body is taken for HTML by some services: what stands in angle brackets would be lost. The
    # result is an object, true if all took it.
    result = sender.notify(title=message.subject, body=message.short_text, body_format=apprise.NotifyFormat.TEXT)
    if not result:
        raise NotDelivered(f"{service} did not take it")


def _templates(plugin: "apprise.NotifyBase") -> tuple[str, ...]:
    return tuple(plugin.templates)


def _plugin(url: str) -> "apprise.NotifyBase | None":
    import apprise

    asset = apprise.AppriseAsset(app_id="Lotwarden", app_desc="Lotwarden alerts", secure_logging=True)
    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its lines may hold what is secret in a URL
    found: apprise.NotifyBase | None = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    return found
