"""Behind our proxy, the address is the one the proxy saw, with or without a port."""

from typing import Any

import pytest
from django.test import RequestFactory

from backoffice.admin_site.client_address import client_address

WRITTEN = {
    "192.0.2.1": "192.0.2.1",
    "192.0.2.1:4711": "192.0.2.1",
    "203.0.113.9, 192.0.2.1:4711": "192.0.2.1",
    "2001:db8::1": "2001:db8::1",
    "[2001:db8::1]": "2001:db8::1",
    "[2001:db8::1]:4711": "2001:db8::1",
    "::ffff:192.0.2.1": "192.0.2.1",
    "": "10.0.0.1",
    "unknown": None,
    "192.0.2.1:port": None,
}


@pytest.mark.parametrize(("written", "address"), WRITTEN.items())
def test_the_address_that_the_proxy_saw_counts(settings: Any, written: str, address: str | None):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    headers = {"X-Forwarded-For": written} if written else {}
    request = RequestFactory().get("/admin/", headers=headers, REMOTE_ADDR="10.0.0.1")
    assert client_address(request) == address


def test_without_a_proxy_nobody_writes_an_address_of_their_own():
    request = RequestFactory().get("/", headers={"X-Forwarded-For": "192.0.2.1"})
    assert client_address(request) == "127.0.0.1"
