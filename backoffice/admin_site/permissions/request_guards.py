"""Requests no page of ours makes: refused with 400 before a library stumbles over them."""

import codecs
from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import BadRequest, FieldDoesNotExist
from django.db import models
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

NUL = "\0"
# What a list may be asked of a field; an expression to match may run for hours, or not at all.
PLAIN_LOOKUPS = frozenset({"exact", "in", "isnull", "gt", "gte", "lt", "lte"})


class NulMiddleware(MiddlewareMixin):
    """Refuses an address with a NUL byte: no text holds one, and PostgreSQL stores none."""

    def process_request(self, request: HttpRequest) -> None:
        # A cookie with one is none of ours; removed before the session is looked up by its cookie.
        for name in [name for name, value in request.COOKIES.items() if NUL in name + value]:
            del request.COOKIES[name]

    def process_view(self, request: HttpRequest, *_view: Any) -> None:
        """Raises BadRequest."""
        refuse_other_encodings(request)
        # Here, and not in `process_request`: Django answers with the page of a bad request.
        texts = [
            request.path,
            *(value for _name, values in request.GET.lists() for value in values),
        ]
        if any(NUL in text for text in texts):
            raise BadRequest(_("The address holds a NUL byte."))


def refuse_other_encodings(request: HttpRequest) -> None:
    """Refuse with BadRequest a form in anything but UTF-8."""
    # A header names the encoding, Python has some that make no text, or half a character of it.
    encoding = request.encoding
    if encoding is None or codecs.lookup(encoding).name == "utf-8":
        return
    request.encoding = "utf-8"
    raise BadRequest(_("Forms are sent in UTF-8 here."))


def refuse_forged_keys(request: HttpRequest, tables: Iterable[type[models.Model]]) -> None:
    """Refuse with BadRequest what stands where the key of a row belongs and is no number.

    `tables` are the models of the page's form and of its inlines.
    """
    # Django's widgets and actions look such a key up as it is, and fail.
    names = {field.name for model in tables for field in model._meta.fields if field.is_relation}
    for value in _values_of(request, {*names, ACTION_CHECKBOX_NAME}):
        if value and not is_number_of_row(value):
            raise BadRequest(_("A row is named by its number."))


def refuse_save_as_new(request: HttpRequest) -> None:
    """Refuse with BadRequest a form that asks to be stored as another row."""
    # Django obeys although no form of ours has the button.
    if "_saveasnew" in request.POST:
        raise BadRequest(_("No form here makes a copy of a row."))


def is_number_of_row(value: str) -> bool:
    """Whether this can name a row; more digits than a 64-bit number has name none."""
    return value.isascii() and value.isdecimal() and len(value) <= 18


def is_plain_lookup(model: type[models.Model], lookup: str, value: Any) -> bool:
    """Whether a list may be asked this: a field, compared plainly, and a row by its number."""
    field: Any = None
    names = lookup.split(LOOKUP_SEP)
    for place, name in enumerate(names):
        try:
            field = model._meta.pk if name == "pk" else model._meta.get_field(name)
        except FieldDoesNotExist:
            if names[place:] != names[-1:] or name not in PLAIN_LOOKUPS:
                return False
            break
        model = field.related_model or model
    is_key = field is not None and (field.is_relation or field.primary_key)
    if not is_key or names[-1] == "isnull":
        return True
    return all(is_number_of_row(each) for each in str(value).split(","))


def _values_of(request: HttpRequest, names: set[str]) -> Iterator[str]:
    for sent in (request.GET, request.POST):
        for name, values in sent.lists():
            # An inline puts its prefix and a number before the name.
            if name.rpartition("-")[2] in names:
                yield from values
