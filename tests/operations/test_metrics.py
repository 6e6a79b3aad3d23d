"""Who reads /metrics: the allowed addresses themselves, and whoever has the token."""

import logging
from pathlib import Path

import pytest
from django.test import Client

from backoffice.operations.health_checks import metrics_token

pytestmark = pytest.mark.django_db
TOKEN = "0123456789abcdef0123456789abcdef"
# What proxies, load balancers, gateways and content networks put on a request they hand on.
PROXIES = {
    "Forwarded": "for=203.0.113.9;proto=https",
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "office.example.org",
    "X-Forwarded-Port": "443",
    "X-Forwarded-Server": "proxy",
    "X-Forwarded-By": "proxy",
    "X-Forwarded-Ssl": "on",
    "X-Forwarded-Scheme": "https",
    "X-Forwarded-Prefix": "/office",
    "X-Forwarded-Path": "/metrics",
    "X-Forwarded-Client-Cert": "By=x",
    "X-Forwarded": "for=203.0.113.9",
    "Forwarded-For": "203.0.113.9",
    "X-Real-IP": "203.0.113.9",
    "X-Real-Port": "5000",
    "X-Client-IP": "203.0.113.9",
    "X-Cluster-Client-IP": "203.0.113.9",
    "Cluster-Client-IP": "203.0.113.9",
    "Client-IP": "203.0.113.9",
    "X-ProxyUser-Ip": "203.0.113.9",
    "X-Remote-IP": "203.0.113.9",
    "X-Remote-Addr": "203.0.113.9",
    "X-Originating-IP": "203.0.113.9",
    "X-Original-URL": "/metrics",
    "X-Original-Host": "office.example.org",
    "X-Original-For": "203.0.113.9",
    "X-Original-Forwarded-For": "203.0.113.9",
    "X-Rewrite-URL": "/metrics",
    "X-Host": "office.example.org",
    "X-Scheme": "https",
    "X-Forward-For": "203.0.113.9",
    "X-Url-Scheme": "https",
    "X-Coming-From": "203.0.113.9",
    "X-Nginx-Proxy": "true",
    "X-ARR-SSL": "2048",
    "X-ARR-LOG-ID": "1",
    "X-Azure-ClientIP": "203.0.113.9",
    "X-Azure-SocketIP": "203.0.113.9",
    "X-AppEngine-User-IP": "203.0.113.9",
    "X-Cloud-Trace-Context": "1",
    "X-Amzn-Trace-Id": "Root=1",
    "X-Amz-Cf-Id": "1",
    "X-Varnish": "1",
    "X-Envoy-External-Address": "203.0.113.9",
    "X-Request-ID": "1",
    "X-Request-Start": "t=1",
    "X-BlueCoat-Via": "1",
    "X-Akamai-Edgescape": "x",
    "Akamai-Origin-Hop": "1",
    "True-Client-IP": "203.0.113.9",
    "Fastly-Client-IP": "203.0.113.9",
    "Fly-Client-IP": "203.0.113.9",
    "CF-Connecting-IP": "203.0.113.9",
    "CF-Connecting-IPv6": "2001:db8::9",
    "CF-IPCountry": "DE",
    "CF-Ray": "1",
    "CF-Visitor": "{}",
    "CDN-Loop": "cloudflare",
    "Via": "1.1 proxy",
    "Max-Forwards": "9",
    "Proxy-Authorization": "Basic eDp5",
    "Proxy-Connection": "keep-alive",
    "Proxy": "http://proxy",
    "Front-End-Https": "on",
    "Surrogate-Capability": "x",
    "Early-Data": "1",
    "Traceparent": "00-1",
    "Cookie": "a=b",
    "Accept-Language": "en",
    "Sec-Fetch-Mode": "navigate",
    "Referer": "http://127.0.0.1/",
    "Origin": "http://127.0.0.1",
    "Connection": "close",
    "X-Nobody-Knows": "1",
    "Host": "office.example.org",
}
SCRAPER = {
    "Host": "127.0.0.1:8000",
    "User-Agent": "Prometheus/3.5.0",
    "Accept": "application/openmetrics-text;version=1.0.0;q=0.8",
    "Accept-Encoding": "gzip",
    "X-Prometheus-Scrape-Timeout-Seconds": "10",
}


@pytest.fixture(autouse=True)
def hosts(settings):
    settings.ALLOWED_HOSTS = ["*"]


@pytest.fixture
def token_file(settings, tmp_path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    path.chmod(0o640)
    settings.METRICS_TOKEN_FILE = path
    return path


def ask(headers: dict[str, str], address: str = "127.0.0.1", **more: str) -> int:
    headers = SCRAPER | headers
    return Client().get("/metrics", headers=headers, REMOTE_ADDR=address, **more).status_code


def bearer(token: str = TOKEN) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "[::1]:8000", "localhost", "web:8000"])
def test_an_allowed_address_reads_them_without_a_token(host):
    assert ask({"Host": host}) == 200
    assert ask({"Host": host}, address="192.0.2.1") == 403


@pytest.mark.parametrize("name", PROXIES)
def test_what_a_proxy_hands_on_needs_the_token(name, token_file):
    header = {name: PROXIES[name]}
    assert ask(header) == 403
    assert name in ("Host", "Cookie") or ask({name: ""}) == 403
    assert ask(header | bearer()) == 200
    assert ask(header | bearer(TOKEN + "x")) == 403


def test_a_proxy_that_adds_nothing_speaks_an_older_protocol():
    assert ask({}, SERVER_PROTOCOL="HTTP/1.0") == 403


def test_without_a_token_file_nobody_has_the_token(settings):
    settings.METRICS_TOKEN_FILE = None
    for token in ("", TOKEN, "None"):
        assert ask({"Via": "1.1 proxy"} | bearer(token)) == 403
    assert ask(bearer()) == 200


AUTHORIZATIONS = [
    *("", "Bearer", "Bearer ", "Bearer é", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN} x"),
    *(f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN.upper()}", f"Bearer\t{TOKEN}"),
]


@pytest.mark.parametrize("value", AUTHORIZATIONS)
def test_a_wrong_token_is_refused(token_file, value):
    assert ask({"Via": "1.1 proxy", "Authorization": value}) == 403


def test_a_new_token_holds_at_once(token_file):
    token_file.write_text("another token of thirty-two letters")
    assert ask({"Via": "1.1 proxy"} | bearer()) == 403
    assert ask({"Via": "1.1 proxy"} | bearer("another token of thirty-two letters")) == 403
    token_file.write_text("another-token-of-thirty-two-letters")
    assert ask({"Via": "1.1 proxy"} | bearer("another-token-of-thirty-two-letters")) == 200


def missing(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_text(" \n")


def short(path: Path) -> None:
    path.write_text("secret")


def open_to_all(path: Path) -> None:
    path.chmod(0o666)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def no_text(path: Path) -> None:
    path.write_bytes(b"\xff\xfe" * 20)


def two_lines(path: Path) -> None:
    path.write_text(f"{TOKEN}\n{TOKEN}")


NAMED = "METRICS_TOKEN_FILE names {path}, "
FAULTS = [
    (missing, "which cannot be read: No such file or directory."),
    (empty, "which is empty. Put a token into it."),
    (short, "whose token has 6 characters; at least 20 are needed."),
    (open_to_all, "which everybody on the machine may change. Run: chmod o-w {path}"),
    (a_folder, "which cannot be read: Is a directory."),
    (no_text, "which cannot be read: it is no text."),
    (two_lines, "which has more than one word. A token has no spaces."),
]


@pytest.mark.parametrize(("fault", "sentence"), FAULTS)
def test_a_faulty_token_file_is_no_token_and_is_reported(token_file, fault, sentence, caplog):
    fault(token_file)
    sentence = (NAMED + sentence).format(path=token_file)
    with caplog.at_level(logging.WARNING, logger="backoffice.operations.metrics"):
        assert ask({"Via": "1.1 proxy"} | bearer()) == 403
        assert ask({"Via": "1.1 proxy"} | bearer("")) == 403
    own = [r.getMessage() for r in caplog.records if r.name == "backoffice.operations.metrics"]
    assert own[0] == sentence
    assert TOKEN not in caplog.text
    result = metrics_token()
    assert (result.status, result.detail) == ("failed", sentence)
    # Who needs no token is not kept out.
    assert ask({}) == 200


def test_the_health_page_says_who_may_read_them(token_file, settings):
    both = "/metrics is for the allowed addresses, and for whoever has the token."
    result = metrics_token()
    assert (result.status, result.detail) == ("good", both)
    settings.METRICS_TOKEN_FILE = None
    result = metrics_token()
    alone = "/metrics is for the allowed addresses, asked without a proxy."
    assert (result.status, result.detail) == ("good", alone)


def test_healthz_is_one_word_whoever_asks():
    for header in PROXIES:
        if header != "Host":
            answer = Client().get("/healthz", headers={header: PROXIES[header]})
            assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
