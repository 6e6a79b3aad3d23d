"""On a developer's machine."""

from backoffice.settings.base import *  # noqa: F403  every environment begins with the base
from backoffice.settings.database import databases
from backoffice.settings.reading import flag, is_host, secret, words
from backoffice.settings.theme import *  # noqa: F403

DJANGO_ENV = "development"
DEBUG = flag("DEBUG", True)
SECRET_KEY = secret("SECRET_KEY") or "for development only, never for people's data"
ALLOWED_HOSTS = words(
    "ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"], is_host, "a host name without http://"
)
DATABASES = databases()
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
