"""Settings: DJANGO_ENV picks development (default), test or production."""

import os
from importlib import import_module

from django.core.exceptions import ImproperlyConfigured

DJANGO_ENV = os.environ.get("DJANGO_ENV", "development")
if DJANGO_ENV not in ("development", "test", "production"):
    raise ImproperlyConfigured(
        f"DJANGO_ENV is {DJANGO_ENV!r}; it must be development, test or production."
    )
_chosen = import_module(f"backoffice.settings.{DJANGO_ENV}")
globals().update({name: value for name, value in vars(_chosen).items() if name.isupper()})
