"""Signed webhooks (Standard Webhooks 1.0): a message has the same ``webhook-id`` however often it comes."""

import json
from datetime import datetime

from cloud_sync.domain.standard_webhooks import signed_headers
from cloud_sync.notify.message import Message
from cloud_sync.notify.outside import post


def send_webhook(message: Message, url: str, secret: str, private_hosts: frozenset[str], at: datetime) -> None:
    """Post a message. Raises ``NotDelivered``."""
    body = json.dumps(message.as_json(), ensure_ascii=False, separators=(",", ":")).encode()
    headers = {"content-type": "application/json", "user-agent": "lotwarden"}
    signed = signed_headers(secret, f"msg_{message.id}", at, body)
    post(url, body, headers | signed, private_hosts)
