"""Every address of the project, walked from the resolver, and the rows that fill it in."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver

from backoffice.bulk.export.download import FORMATS
from backoffice.bulk.kinds.resource import kinds

# The library's page of an old version has an expression for an address.
HISTORY = "^([^/]+)/history/([^/]+)/$"
MODELS = {model._meta.label_lower: model for model in admin.site._registry}


@dataclass(frozen=True)
class Address:
    """A pattern of the resolver. `label` is the model whose page it is, blank for the site's."""

    route: str
    name: str
    label: str = ""
    page: str = ""

    def of(self, row: Any = None, **known: Any) -> str:
        """The address with a row's number in it; `known` fills in what else it takes."""
        parts = {"<path:object_id>": getattr(row, "pk", ""), "<id>": getattr(row, "pk", "")}
        parts |= {"<int:number>": getattr(row, "pk", "")}
        parts |= {f"<{name}>": value for name, value in known.items()}
        address = f"/{self.route}"
        for part, value in parts.items():
            address = address.replace(part, str(value))
        return address

    @property
    def is_of_a_row(self) -> bool:
        """Whether it takes the number of a row of its model."""
        return bool(self.label) and any(
            part in self.route for part in ("<path:object_id>", "<id>", "<int:number>")
        )


def every_address() -> list[Address]:
    """All of them, each once; static files are the server's."""
    by_route = {address.route: address for address in _walk(get_resolver().url_patterns, "")}
    return list(by_route.values())


def _walk(patterns: Any, before: str) -> Iterator[Address]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield _address(route, pattern.name or "")


def _address(route: str, name: str) -> Address:
    label = next((label for label in MODELS if route.startswith(_folder(label))), "")
    route = route.replace(HISTORY, "<path:object_id>/history/<path:version_id>/")
    own = label.replace(".", "_") + "_"
    page = name.removeprefix(own) if label else name
    return Address(route, name, label, page)


def _folder(label: str) -> str:
    return f"admin/{label.replace('.', '/')}/"


def versions_of(row: Any) -> int:
    """The number of the row's newest version."""
    return row.history.first().pk


def filled(address: Address, row: Any) -> str:
    """The address of a row's page with everything that belongs to the row in it."""
    known = {}
    if "<path:version_id>" in address.route:
        known["path:version_id"] = versions_of(row)
    if "<str:kind>" in address.route:
        known["str:kind"] = next(iter(kinds))
    if "<str:ending>" in address.route:
        known["str:ending"] = next(iter(FORMATS))
    return address.of(row, **known)
