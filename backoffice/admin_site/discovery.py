"""Finding what apps bring to a registry of ours."""

from functools import cache

from django.utils.module_loading import autodiscover_modules


@cache
def discover(name: str) -> None:
    """Import the module of this name of every app that has one; once in a process."""
    # Every page asks for the registries, and a missing module is looked for on the disk each time.
    autodiscover_modules(name)
