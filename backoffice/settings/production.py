"""Where people work: refuses what must not be, and is safe by default."""

from django.core.exceptions import ImproperlyConfigured

from backoffice.settings.base import *  # noqa: F403  every environment begins with the base
from backoffice.settings.database import SQLITE, databases
from backoffice.settings.reading import flag, is_host, is_origin, number, secret, text, words
from backoffice.settings.theme import *  # noqa: F403

SHORTEST_KEY = 50
DEFAULT_KEYS = ("changeme", "django-insecure", "for development", "for tests", "your_secret")

DJANGO_ENV = "production"
DEBUG = flag("DEBUG", False)
if DEBUG:
    raise ImproperlyConfigured(
        f"DEBUG is {text('DEBUG')!r}; production shows nobody its insides. Set it to 0."
    )
SECRET_KEY = secret("SECRET_KEY")
if len(SECRET_KEY) < SHORTEST_KEY or SECRET_KEY.startswith(DEFAULT_KEYS):
    raise ImproperlyConfigured(
        "SECRET_KEY is missing, a default or too short; set it to at least 50 random characters, "
        'for example from: python -c "import secrets; print(secrets.token_urlsafe(50))"'
    )
ALLOWED_HOSTS = words("ALLOWED_HOSTS", [], is_host, "a host name without http://")
if not ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS is ''; name the hosts people reach, with commas.")
DATABASES = databases()
if DATABASES["default"]["ENGINE"] == SQLITE:
    raise ImproperlyConfigured(
        "The database is SQLite; production needs PostgreSQL. Set DATABASE_URL or DATABASE_NAME."
    )

CSRF_TRUSTED_ORIGINS = words(
    "CSRF_TRUSTED_ORIGINS", [], is_origin, "an address like https://office.example.org"
)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
SECURE_SSL_REDIRECT = flag("SECURE_SSL_REDIRECT", True)
SECURE_HSTS_SECONDS = number("SECURE_HSTS_SECONDS", 31_536_000, 0, 10**9)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if flag("BEHIND_PROXY", False) else None
)
# Those who ask for these come from the machine or the network beside it, without TLS.
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^metrics$"]
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
