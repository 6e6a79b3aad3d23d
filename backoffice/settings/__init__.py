"""Settings: DJANGO_ENV picks development (default), test or production."""

from importlib import import_module

from backoffice.settings.reading import choice

_chosen = import_module(
    "backoffice.settings."
    + choice("DJANGO_ENV", "development", ("development", "test", "production"))
)
globals().update({name: value for name, value in vars(_chosen).items() if name.isupper()})
