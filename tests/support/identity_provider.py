"""An identity provider on a real socket: OpenID Connect's code flow with PKCE, and wrong answers."""

import json
import secrets
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from cloud_sync.domain.oidc import OidcSettings, challenge_of

CLIENT, SECRET = "lotwarden", "the client's secret"


class Provider:
    """Whoever comes to ``/authorize`` is ``subject``. ``claims`` go over those of the ID token, ``key`` signs."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.subject = "subject-of-amy"
        self.claims: dict[str, Any] = {}
        self.own_key = RSAKey.generate_key(2048, auto_kid=True)
        self.key: Any = self.own_key
        self.algorithm = "RS256"
        self.codes: dict[str, dict[str, str]] = {}
        self.issuer = ""

    def settings(self, redirect_url: str) -> OidcSettings:
        return OidcSettings(self.issuer, CLIENT, SECRET, redirect_url, "House sign-on")

    def discovery(self) -> dict[str, Any]:
        at = self.issuer
        return {"issuer": at, "authorization_endpoint": f"{at}/authorize", "token_endpoint": f"{at}/token",
                "jwks_uri": f"{at}/jwks"}  # fmt: skip

    def authorize(self, asked: dict[str, str]) -> str:
        assert (asked["response_type"], asked["client_id"], asked["code_challenge_method"]) == ("code", CLIENT, "S256")
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        asked = self.codes.pop(form["code"], None)
        user, _, password = b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        is_client = (unquote(user), unquote(password)) == (CLIENT, SECRET)
        if asked is None or not is_client or form["redirect_uri"] != asked["redirect_uri"]:
            return None
        if challenge_of(form["code_verifier"]) != asked["code_challenge"]:
            return None
        now = int(self.now())
        claims = {"iss": self.issuer, "sub": self.subject, "aud": CLIENT, "iat": now, "exp": now + 300,
                  "nonce": asked["nonce"], "email": "amy@example.org"} | self.claims  # fmt: skip
        header = {"alg": self.algorithm, "kid": self.own_key.kid}
        return {"id_token": jwt.encode(header, claims, self.key, algorithms=[self.algorithm]), "token_type": "Bearer"}


@contextmanager
def identity_provider(now: Callable[[], float]) -> Iterator[Provider]:
    provider = Provider(now)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if parts.path == "/authorize":
                self.send_response(302)
                self.send_header("location", provider.authorize(asked))
                self.end_headers()
            elif parts.path == "/jwks":
                self._json(KeySet([provider.own_key]).as_dict(private=False))
            else:
                self._json(provider.discovery() if parts.path == "/.well-known/openid-configuration" else None)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._json(provider.token(form, self.headers.get("authorization", "")))

        def _json(self, answer: Any) -> None:
            body = json.dumps(answer or {"error": "invalid_grant"}).encode()
            self.send_response(200 if answer else 400)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider.issuer = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()
