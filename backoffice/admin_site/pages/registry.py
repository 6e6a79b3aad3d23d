"""Pages of the site that belong to no model: health, pool. Apps bring them in their `pages.py`.

Who sees a page stands in the roles' table under `page.<name>`; the page stands in the sidebar of
those, in the group of the app it names or under System.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse

from backoffice.admin_site.discovery import discover
from backoffice.admin_site.permissions import roles

View = Callable[[HttpRequest], HttpResponse]
Badge = Callable[[HttpRequest], Any]


@dataclass(frozen=True)
class RegisteredPage:
    """A registered page; `badge` gives what its sidebar entry shows beside the title.

    It stands in the sidebar's group of the app `group`; without one, in that of the system. `about`
    is the label of a model, such as `courses.course`, whose rows lead to it: their key is in the
    address, as `?course=`.
    """

    name: str
    title: Any
    icon: str
    view: View
    badge: Badge | None = None
    group: str = ""
    about: str = ""

    @property
    def address(self) -> str:
        return reverse(f"admin:{self.name}")

    def address_of(self, row: models.Model) -> str:
        return f"{self.address}?{row._meta.model_name}={row.pk}"


_pages: dict[str, RegisteredPage] = {}


def page(name: str, title: Any, icon: str, **further: Any) -> Callable[[View], View]:
    """Register a page at `/admin/<name>/`. It is only looked at: no other method is answered."""

    def register(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest) -> HttpResponse:
            _refuse_stranger(request, name)
            return view(request)

        _pages[name] = RegisteredPage(name, title, icon, guarded, **further)
        return view

    return register


def _refuse_stranger(request: HttpRequest, name: str) -> None:
    if not roles.may_see_page(request.user, name) or request.method not in ("GET", "HEAD"):
        raise PermissionDenied


def pages() -> list[RegisteredPage]:
    discover("pages")
    return list(_pages.values())


def pages_for(user: roles.Actor, **attributes: str) -> list[RegisteredPage]:
    """The pages this person may see, of those that say so: `group="audit"`, `about=...`."""
    return [
        each
        for each in pages()
        if all(getattr(each, name) == value for name, value in attributes.items())
        and roles.may_see_page(user, each.name)
    ]


def addresses(admin_view: Callable[[View], View]) -> list[URLPattern]:
    return [path(f"{each.name}/", admin_view(each.view), name=each.name) for each in pages()]
