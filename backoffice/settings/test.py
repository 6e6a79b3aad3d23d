"""Under pytest."""

import tempfile
from pathlib import Path

from backoffice.settings.base import *  # noqa: F403  every environment begins with the base
from backoffice.settings.database import databases
from backoffice.settings.reading import text
from backoffice.settings.theme import *  # noqa: F403

DJANGO_ENV = "test"
DEBUG = False
SECRET_KEY = "for tests only"
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", "testserver"]
DATABASES = databases()
# Fast on purpose: no test is about the strength of a password's hash.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
PRIVATE_ROOT = Path(text("PRIVATE_ROOT", str(Path(tempfile.gettempdir()) / "backoffice-tests")))
