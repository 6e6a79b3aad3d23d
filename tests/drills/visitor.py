"""A person's browser, without the browser: cookies, pages, forms."""

import re
import secrets
from contextlib import closing
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from tests.filling import FormReader

PATIENCE = 60  # seconds
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Answer(NamedTuple):
    """What the server said."""

    status: int
    location: str
    text: str


class Visitor:
    """Talks to the web server as the proxy before it does, over a connection for each request."""

    def __init__(self, port: int, address: str = "192.0.2.1") -> None:
        self.port, self.address, self.cookies = port, address, dict[str, str]()

    def get(self, path: str) -> Answer:
        """Ask for a page."""
        return self._request("GET", path, None, {})

    def post(self, path: str, fields: dict[str, Any]) -> Answer:
        """Send a form."""
        pairs = [
            (name, one)
            for name, value in fields.items()
            for one in (value if isinstance(value, list) else [value])
        ]
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._request("POST", path, urlencode(pairs).encode(), headers)

    def upload(self, path: str, fields: dict[str, str], name: str, content: bytes) -> Answer:
        """Send a form with a file."""
        mark = secrets.token_hex(16)
        parts = [
            f'--{mark}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
            for key, value in fields.items()
        ]
        file = f'Content-Disposition: form-data; name="file"; filename="{name}"'
        body = "".join(parts).encode() + f"--{mark}\r\n{file}\r\n\r\n".encode() + content
        headers = {"Content-Type": f"multipart/form-data; boundary={mark}"}
        return self._request("POST", path, body + f"\r\n--{mark}--\r\n".encode(), headers)

    def log_in(self, name: str) -> None:
        """Log in with a demo account."""
        answer = self.try_to_log_in(name, f"demo-{name}")
        assert answer.status == 302, (answer.status, answer.text[:500])

    def try_to_log_in(self, name: str, password: str) -> Answer:
        """Send the form of the login page."""
        page = self.get("/admin/login/")
        fields = {"username": name, "password": password, "next": "/admin/"}
        return self.post("/admin/login/", fields | self.token(page))

    def token(self, page: Answer) -> dict[str, str]:
        """The token without which a form is a forged one."""
        match = TOKEN.search(page.text)
        assert match, page.text[:500]
        return {"csrfmiddlewaretoken": match[1]}

    def form(self, path: str) -> dict[str, Any] | None:
        """The fields of the form on a page as they stand; None where the page did not come."""
        page = self.get(path)
        if page.status != 200:
            return None
        reader = FormReader()
        reader.feed(page.text)
        return max(reader.forms, key=lambda form: ("_seen" in form, len(form)))

    def _request(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Any:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {"Cookie": cookies, "X-Forwarded-Proto": "https"} | headers
        sent |= {"X-Forwarded-For": self.address}
        sent |= {"Referer": f"https://127.0.0.1:{self.port}/", "Host": f"127.0.0.1:{self.port}"}
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as connection:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
        for value in response.headers.get_all("Set-Cookie") or ():
            for name, morsel in SimpleCookie(value).items():
                self.cookies[name] = morsel.value
        location = urlsplit(response.headers.get("Location", ""))
        return Answer(response.status, location.path, text)
