"""The health page warns before a disk is full."""

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from backoffice.operations import health_checks


@pytest.mark.parametrize(("free", "status"), [(4, "danger"), (5, "warning"), (25, "success")])
def test_the_health_page_warns_before_the_disk_is_full(
    admin_client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch, free: int, status: str
):
    cache.clear()
    settings.LOW_DISK_BYTES = 25_000_000
    monkeypatch.setattr(health_checks, "free_bytes", lambda _folder: free * 1_000_000)
    page = admin_client.get(reverse("admin:health"))
    check = next(each for each in page.context["checks"] if each.title == "Free space")

    assert check.colour == status
    advice = " Uploads are refused when nothing is left. Free some space."
    assert str(check.result.detail).endswith("." if status == "success" else advice)
