"""On a developer's machine."""

from backoffice.settings.base import *  # noqa: F403
from backoffice.settings.database import databases
from backoffice.settings.theme import *  # noqa: F403

DEBUG = True
SECRET_KEY = "for development only"
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
DATABASES = databases()
