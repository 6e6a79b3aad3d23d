"""Doing an action as a browser does: the dialog of one row, or an action on a list."""

from typing import Any

from django.db import models
from django.test import Client
from django.urls import reverse

from tests.filling import FormReader

VERSIONS = "_versions"


def page_of(row: models.Model, action: str) -> str:
    """The address of the dialog of one row."""
    opts = row._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_{action}", args=[row.pk])


def versions_on(page: Any) -> dict[str, str]:
    """What a dialog says it was opened with; nothing where it was refused."""
    reader = FormReader()
    reader.feed(page.content.decode())
    sent = [form[VERSIONS][0] for form in reader.forms if VERSIONS in form]
    if not page.content and hasattr(page, "context_data"):  # a crawl leaves its pages unrendered
        sent = [page.context_data["form"].sent_versions]
    return {VERSIONS: sent[0]} if sent else {}


def opened(client: Client, row: models.Model, action: str) -> dict[str, str]:
    """What the dialog of one row sends besides what is typed, opened now."""
    return versions_on(client.get(page_of(row, action)))


def do(client: Client, row: models.Model, action: str, **values: Any) -> Any:
    """Open the dialog, fill it in and submit it."""
    return client.post(page_of(row, action), opened(client, row, action) | values)


def choose(client: Client, rows: Any, action: str) -> tuple[str, dict[str, Any], Any]:
    """Select rows of a list and choose the action: the list, what was sent, and its page."""
    rows = list(rows)
    opts = rows[0]._meta
    page = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    chosen = {"action": action, "_selected_action": [row.pk for row in rows]}
    return page, chosen, client.post(page, chosen)


def do_with_many(client: Client, rows: Any, action: str, **values: Any) -> Any:
    """Select rows of a list, choose the action, fill its page in and submit it."""
    page, chosen, answer = choose(client, rows, action)
    if not values:
        return answer
    return client.post(page, chosen | {"_deed": "1"} | versions_on(answer) | values)


def messages_of(answer: Any) -> list[str]:
    """The messages an action left."""
    return [str(each) for each in answer.wsgi_request._messages]


def refused(answer: Any, status: int = 200) -> Any:
    """What the dialog says against it: that there is nothing to do, or its errors by field."""
    assert answer.status_code == status, answer.status_code
    return answer.context.get("refusal") or dict(answer.context["form"].errors)
