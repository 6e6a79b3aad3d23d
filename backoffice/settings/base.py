"""What every environment shares."""

from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parents[2]
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.inlines",
    "unfold.contrib.import_export",
    "unfold.contrib.simple_history",
    "backoffice.admin_site",
    "backoffice.admin_site.apps.BackOfficeAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "import_export",
    "simple_history",
    "django_prometheus",
    "django_extensions",
    "backoffice.operations",
    "backoffice.audit",
    "backoffice.bulk",
    "backoffice.apps.users",
    "backoffice.apps.courses",
    "backoffice.apps.assessments",
    "backoffice.apps.communications",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "backoffice.audit.middleware.RecordingMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "backoffice.urls"
WSGI_APPLICATION = "backoffice.wsgi.application"
AUTH_USER_MODEL = "users.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = ["backoffice.settings.formats"]
STATIC_URL = "static/"
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

PRIVATE_ROOT = BASE_DIR / "var" / "private"
STUDENT_ID_PATTERN = "[A-Za-z]{0,4}[0-9]{3,12}"
IMPORT_MAX_BYTES = 100 * 1000 * 1000
IMPORT_MAX_ROWS = 2_000_000
IMPORT_MAX_ROW_BYTES = 1_000_000
