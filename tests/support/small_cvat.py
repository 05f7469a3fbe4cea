"""A small CVAT: its endpoints that say whose request it is (contract.md, "The analytics page"; cvat-sdk 2.80)."""

from __future__ import annotations

import base64
import json
import threading
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse


@dataclass
class CvatUser:
    """An account of CVAT's; it may be changed while CVAT runs."""

    id: int
    name: str
    groups: list[str]
    is_superuser: bool = False
    has_analytics_access: bool = False
    # Roles by the slugs of organizations.
    roles: dict[str, str] = field(default_factory=dict)
    is_known: bool = True

    @property
    def token(self) -> dict[str, str]:
        return {"Authorization": f"Token {self.name}-token"}

    @property
    def cookies(self) -> dict[str, str]:
        """As a browser has them after a login at CVAT, on the same site."""
        return {"sessionid": f"{self.name}-session", "csrftoken": f"{self.name}-csrf", "theme": "dark"}

    def credentials(self) -> set[str]:
        basic = base64.b64encode(f"{self.name}:{self.name}-password".encode()).decode()
        return {f"Token {self.name}-token", f"Bearer {self.name}-token", f"Basic {basic}", f"{self.name}-session"}


class SmallCvat:
    """Runs in a thread of its own; `go_down` and `come_up` as a restart of CVAT would."""

    def __init__(self, users: list[CvatUser], organizations: dict[str, int], host: str = "127.0.0.1") -> None:
        self.users = users
        self.host = host
        self.organizations = organizations
        # Path, and the headers that tell who asks, of everything that was asked.
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.port = 0
        self.server: ThreadingHTTPServer | None = None
        self.come_up()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def come_up(self) -> None:
        cvat = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                cvat.answer(self)

            def log_message(self, *_: object) -> None:
                """Nothing: pytest shows what matters."""

        self.server = ThreadingHTTPServer((self.host, self.port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def go_down(self) -> None:
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        url = urlparse(request.path)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        shown = {name.lower(): value for name, value in request.headers.items()}
        shown = {name: shown[name] for name in ("authorization", "cookie", "x-csrftoken") if name in shown}
        self.asked.append((request.path, shown))
        status, body = self.look_up(url.path, query, self.who(shown))
        content = json.dumps(body).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/vnd.cvat+json")
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    def who(self, shown: dict[str, str]) -> CvatUser | None:
        session = SimpleCookie(shown.get("cookie", "")).get("sessionid")
        credential = shown.get("authorization") or (session.value if session else "")
        return next((user for user in self.users if user.is_known and credential in user.credentials()), None)

    def look_up(self, path: str, query: dict[str, str], user: CvatUser | None) -> tuple[int, object]:
        if user is None:
            return 401, {"detail": "Authentication credentials were not provided."}
        visible = [slug for slug in self.organizations if user.is_superuser or slug in user.roles]
        by_id = {f"/api/organizations/{self.organizations[slug]}": slug for slug in visible}
        if path == "/api/users/self":
            return 200, self.user(user)
        if path == "/api/organizations":
            return 200, page([self.organization(slug) for slug in visible if query.get("slug", slug) == slug])
        if path in by_id:
            return 200, self.organization(by_id[path])
        if path == "/api/memberships":
            return 200, page(self.memberships(query, visible))
        return 404, {"detail": "Not found."}

    def user(self, user: CvatUser) -> dict[str, object]:
        return {
            "url": f"{self.url}/api/users/{user.id}", "id": user.id, "username": user.name, "first_name": "",
            "last_name": "", "email": f"{user.name}@cvat.example.org", "groups": user.groups, "is_staff": False,
            "is_superuser": user.is_superuser, "is_active": True, "last_login": None,
            "date_joined": "2024-01-01T00:00:00Z", "has_analytics_access": user.has_analytics_access,
        }  # fmt: skip

    def organization(self, slug: str) -> dict[str, object]:
        return {"id": self.organizations[slug], "slug": slug, "name": slug.title(), "description": ""}

    def memberships(self, query: dict[str, str], visible: list[str]) -> list[dict[str, object]]:
        return [
            {
                "id": 100 * user.id + self.organizations[slug],
                "user": {"id": user.id, "username": user.name},
                "organization": self.organizations[slug],
                "role": role,
                "is_active": True,
            }
            for user in self.users
            for slug, role in user.roles.items()
            if slug in visible and query.get("org", slug) == slug and query.get("user", user.name) == user.name
        ]


def page(results: list) -> dict[str, object]:
    return {"count": len(results), "next": None, "previous": None, "results": results}
