"""Doing an action as a browser does: the dialog of one row, or an action on a list."""

from typing import Any

from django.db import models
from django.test import Client
from django.urls import reverse


def page_of(row: models.Model, action: str) -> str:
    """The address of the dialog of one row."""
    opts = row._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_{action}", args=[row.pk])


def do(client: Client, row: models.Model, action: str, **values: Any) -> Any:
    """Fill the dialog in and submit it."""
    return client.post(page_of(row, action), values)


def do_with_many(client: Client, rows: Any, action: str, **values: Any) -> Any:
    """Select rows of a list, choose the action, fill its page in and submit it."""
    rows = list(rows)
    opts = rows[0]._meta
    page = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    chosen = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(page, chosen | ({"_deed": "1"} | values if values else {}))


def messages_of(answer: Any) -> list[str]:
    """The messages an action left."""
    return [str(each) for each in answer.wsgi_request._messages]


def refused(answer: Any) -> Any:
    """What the dialog says against it: that there is nothing to do, or its errors by field."""
    assert answer.status_code == 200, answer.status_code
    return answer.context["refusal"] or dict(answer.context["form"].errors)
