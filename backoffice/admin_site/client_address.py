"""From which network address a request comes, also behind a proxy."""

import ipaddress
import re

from django.conf import settings
from django.http import HttpRequest

# Some proxies write the port behind it: 192.0.2.1:4711, [2001:db8::1]:4711.
WITH_PORT = re.compile(r"\[(?P<v6>[^\]]+)\](:\d+)?|(?P<v4>[\d.]+):\d+")


def client_address(request: HttpRequest) -> str | None:
    """The peer's address; behind our proxy, the one the proxy saw. A Unix socket has none."""
    address = request.META.get("REMOTE_ADDR", "")
    if getattr(settings, "SECURE_PROXY_SSL_HEADER", None):
        # The proxy appends what it saw; what stands before that, anybody may have written.
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
        if match := WITH_PORT.fullmatch(forwarded):
            forwarded = match["v6"] or match["v4"]
        address = forwarded or address
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return None
    # Without the name of a network card, which no database takes; an IPv4 address is always one.
    return str(getattr(known, "ipv4_mapped", None) or type(known)(int(known)))


def address_for_throttle(request: HttpRequest) -> str:
    """The same for the login throttle, which wants one in any case; of IPv6 the network."""
    address = client_address(request) or "0.0.0.0"
    # Whoever has one IPv6 address has the 2**64 beside it.
    if ":" not in address:
        return address
    return str(ipaddress.ip_network(f"{address}/64", strict=False).network_address)
