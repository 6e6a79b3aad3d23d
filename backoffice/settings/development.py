"""On a developer's machine."""

from backoffice.settings.base import *  # noqa: F403  every environment begins with the base
from backoffice.settings.database import databases
from backoffice.settings.reading import flag, text, words
from backoffice.settings.theme import *  # noqa: F403

DJANGO_ENV = "development"
DEBUG = flag("DEBUG", True)
SECRET_KEY = text("SECRET_KEY", "for development only, never for people's data")
ALLOWED_HOSTS = words("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])
DATABASES = databases()
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
