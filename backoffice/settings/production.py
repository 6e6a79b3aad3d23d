"""Where people work."""

from backoffice.settings.base import *  # noqa: F403
from backoffice.settings.base import env
from backoffice.settings.database import databases
from backoffice.settings.theme import *  # noqa: F403

DEBUG = False
SECRET_KEY = env.str("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
DATABASES = databases()
