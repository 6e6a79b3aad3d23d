"""The grid of a rubric as a browser fills it in and sends it."""

import re
from html import unescape
from typing import Any

from django.test import Client
from django.urls import reverse

from backoffice.apps.assessments.models import GradingRubric

INPUT = re.compile(r"<input[^>]*>")
AREA = re.compile(r'<textarea[^>]* name="([^"]*)"[^>]*>\n?(.*?)</textarea>', re.S)
ATTRIBUTE = re.compile(r'([a-z]+)="([^"]*)"')


def address_of(rubric: GradingRubric) -> str:
    return reverse("admin:assessments_gradingrubric_grid", args=[rubric.pk])


def cells_of(page: Any) -> dict[str, str]:
    """What a browser would send of the page's grid."""
    text = page.content.decode()
    form = text[text.index('id="rubric-grid"') : text.index("</form>", text.index("rubric-grid"))]
    values = {}
    for tag in INPUT.findall(form):
        attributes = dict(ATTRIBUTE.findall(tag))
        is_sent = attributes.get("type") not in ("checkbox", "radio") or " checked" in tag
        if is_sent and "name" in attributes:
            values[attributes["name"]] = unescape(attributes.get("value", ""))
    values |= {name: unescape(content) for name, content in AREA.findall(form)}
    values.pop("csrfmiddlewaretoken", None)
    return values


def opened_form(client: Client, rubric: GradingRubric) -> dict[str, str]:
    """The form as it is opened."""
    return cells_of(client.get(address_of(rubric)))


def send(client: Client, rubric: GradingRubric, form: dict[str, str], **changed: str) -> Any:
    """Send the form with some cells changed: `criterion_0_title` for `criterion-0-title`."""
    return client.post(address_of(rubric), form | changed)
