"""An S3-compatible server on this machine (moto, Apache-2.0) that checks signatures and rights like a real one.

It is a process of its own with packages of its own: ``./dev test`` puts them into ``.venv/storage``.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from minio import Minio

from tests.support.paths import ROOT

REGION = "us-east-1"
BUCKET = "backups"
PACKAGES = ROOT / ".venv/storage"
PATIENCE_S = 60.0
# moto compares signatures with a query that it has unquoted; AWS compares them with the query as it was sent.
SERVE = """
from urllib.parse import quote, unquote
from moto.iam.access_control import IAMRequestBase
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

as_it_is = IAMRequestBase.__init__

def as_sent(self, account_id, method, path, *more, **named):
    path, has_query, query = path.partition("?")
    pairs = [pair.partition("=") for pair in query.split("&")]
    query = "&".join(f"{quote(unquote(k), safe='-_.~')}={quote(unquote(v), safe='-_.~')}" for k, _, v in pairs)
    as_it_is(self, account_id, method, path + has_query + (query if has_query else ""), *more, **named)

IAMRequestBase.__init__ = as_sent
server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
print(server.port, flush=True)
server.serve_forever()
"""


@dataclass(frozen=True)
class ObjectStorage:
    """A running server with a bucket ``backups``. ``admin`` may do everything."""

    port: int
    admin: Minio

    @property
    def url(self) -> str:
        """Where it listens."""
        return _url(self.port)

    def keys_of(self, user: str, folder: Path, *actions: str) -> Path:
        """A file with the keys of a new user who may do this in the bucket, or all, and nothing elsewhere."""
        resources = [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]
        access, secret = _new_user(self.port, user, list(actions) or ["s3:*"], resources)
        path = folder / f"{user}.keys"
        path.write_text(f"{access}\n{secret}\n")
        path.chmod(0o600)
        return path

    def names(self, prefix: str = "") -> list[str]:
        """Of the objects in the bucket."""
        return [str(each.object_name) for each in self.admin.list_objects(BUCKET, prefix, recursive=True)]

    def unfinished(self) -> int:
        """How many uploads were begun, and neither ended nor given up."""
        _let_anybody(self.port, True)
        said = httpx.get(f"{self.url}/{BUCKET}?uploads").text
        _let_anybody(self.port, False)
        assert "ListMultipartUploadsResult" in said, said
        return said.count("<Upload>")


@contextmanager
def object_storage() -> Iterator[ObjectStorage]:
    """Run it."""
    assert PACKAGES.is_dir(), "the object storage is missing: ./dev test installs it"
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE], env={**os.environ, "PYTHONPATH": str(PACKAGES)}, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        access, secret = _new_user(port, "administrator", ["*"], ["*"])
        admin = Minio(f"127.0.0.1:{port}", access_key=access, secret_key=secret, secure=False, region=REGION)
        admin.make_bucket(BUCKET)
        yield ObjectStorage(port, admin)
    finally:
        server.kill()
        server.wait()


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _new_user(port: int, user: str, actions: list[str], resources: list[str]) -> tuple[str, str]:
    """Their keys. While a user is made, rights do not count; from then on they do."""
    document = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resources}]}
    )
    _let_anybody(port, True)
    _iam(port, Action="CreateUser", UserName=user)
    _iam(port, Action="PutUserPolicy", UserName=user, PolicyName="rights", PolicyDocument=document)
    said = _iam(port, Action="CreateAccessKey", UserName=user)
    _let_anybody(port, False)
    access, secret = (re.search(f"<{tag}>(.+?)</{tag}>", said) for tag in ("AccessKeyId", "SecretAccessKey"))
    assert access is not None and secret is not None
    return access[1], secret[1]


def _let_anybody(port: int, is_open: bool) -> None:
    content = b"inf" if is_open else b"0"
    httpx.post(f"{_url(port)}/moto-api/reset-auth", content=content).raise_for_status()


def _iam(port: int, **said: str) -> str:
    credential = f"AWS4-HMAC-SHA256 Credential=x/20260101/{REGION}/iam/aws4_request, SignedHeaders=host, Signature=x"
    answer = httpx.post(
        _url(port), data={"Version": "2010-05-08", **said}, headers={"Authorization": credential}, timeout=PATIENCE_S
    )
    assert answer.is_success, answer.text
    return answer.text
