"""Browsers that people have logged in with before: a signed cookie says so.

The cookie names no one: accounts stand in it as digests, each with the day of the last login.
"""

import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

KNOWN_FOR = timedelta(days=90)  # a device, and an address
COOKIE = SALT = "known_device"
MOST_ACCOUNTS = 20  # of one device; the longest ago is dropped


def device_of(request: HttpRequest, username: str) -> str:
    """The name of the device, if the account has logged in with it lately; else blank."""
    device = _read(request)
    is_known = device.get("for", {}).get(_digest(username), -1) >= _today() - KNOWN_FOR.days
    return str(device["id"]) if is_known else ""


def remember_device(request: HttpRequest, response: HttpResponseBase, username: str) -> None:
    """Let the response say that the account has logged in with this device."""
    device = _read(request)
    days = {**device.get("for", {}), _digest(username): _today()}
    latest = sorted(days.items(), key=lambda each: each[1])[-MOST_ACCOUNTS:]
    value = {"id": device.get("id") or secrets.token_hex(8), "for": dict(latest)}
    response.set_cookie(
        COOKIE,
        signing.dumps(value, salt=SALT),
        max_age=KNOWN_FOR,
        path=reverse("admin:login"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _read(request: HttpRequest) -> dict[str, Any]:
    try:
        device: dict[str, Any] = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT)
    except (signing.BadSignature, ValueError):
        # A forged cookie is none.
        return {}
    return device


def _digest(username: str) -> str:
    return salted_hmac(SALT, username).hexdigest()[:20]


def _today() -> int:
    return int(timezone.now().timestamp()) // 86_400
