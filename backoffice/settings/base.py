"""What every environment shares."""

from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE

from backoffice.settings.reading import BASE_DIR, is_address, number, pattern, text, words

INSTALLED_APPS = [
    # Its templates come before the theme's.
    "backoffice.admin_site",
    # Not plain "unfold": that one puts a site of its own in the place of ours.
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.inlines",
    "unfold.contrib.import_export",
    "unfold.contrib.simple_history",
    "backoffice.admin_site.apps.BackOfficeAdminConfig",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "axes",
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
    # After ours, whose createsuperuser and changepassword come before its own.
    "django.contrib.auth",
    # After ours, whose db_worker comes before its own.
    "django_tasks",
    "django_tasks_db",
]
MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "backoffice.admin_site.permissions.request_guards.NulMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "backoffice.audit.middleware.RecordingMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "backoffice.admin_site.permissions.sessions.SessionLimitMiddleware",
    "backoffice.apps.users.temporary_password.TemporaryPasswordMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "backoffice.operations.exhaustion.ExhaustionMiddleware",
    "axes.middleware.AxesMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
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
# The queue is a table beside the data: what is ordered commits with the batch, or not at all.
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# A password is long (NIST SP 800-63B-4: 15 without a second factor), and none of the known ones.
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("MinimumLengthValidator", {"min_length": 15}),
        ("CommonPasswordValidator", {}),
        ("UserAttributeSimilarityValidator", {}),
    )
]
# One alone: another takes another time, and that tells which names exist.
PASSWORD_HASHERS = LOGIN_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
# After five wrong passwords: a pause of five minutes, which trying on does not prolong, and which
# what others do elsewhere does not cause (backoffice/admin_site/login/throttle.py).
AXES_HANDLER = "backoffice.admin_site.login.throttle.LoginThrottle"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=5)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
# Axes would clear all of the address; the handler clears what is the account's own.
AXES_RESET_ON_SUCCESS = False
AXES_LOCKOUT_CALLABLE = "backoffice.admin_site.login.pages.paused"
AXES_CLIENT_IP_CALLABLE = "backoffice.admin_site.client_address.address_for_throttle"
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = ["backoffice.settings.formats"]
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
# No outside request at all. The theme's Alpine needs eval and inline styles.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, UNSAFE_EVAL],
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
# django-prometheus starts no server of its own and its page is for the addresses below.
PROMETHEUS_EXPORT_MIGRATIONS = False
METRICS_ALLOWED_ADDRESSES = words(
    "METRICS_ALLOWED_ADDRESSES", ["127.0.0.1", "::1"], is_address, "an IP address"
)
# What a proxy hands on needs the token in this file; None: nobody has one.
METRICS_TOKEN_FILE = Path(text("METRICS_TOKEN_FILE")) if text("METRICS_TOKEN_FILE") else None

FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "backoffice.operations.exhaustion.TidyUploadHandler",
]
PRIVATE_ROOT = Path(text("PRIVATE_ROOT", str(BASE_DIR / "var" / "private")))
# Everything goes to standard error, a line each; Django's own console is for DEBUG alone, and logs
# no error of a production server.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "backoffice.settings.log_lines.LineFormatter",
            "format": "{asctime} {name} {levelname} {message}",
            "style": "{",
        }
    },
    "handlers": {"lines": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["lines"], "level": "WARNING"},
    "loggers": {
        **{name: {"level": "INFO"} for name in ("backoffice", "django_tasks", "django_tasks_db")},
        # Without handlers of their own: theirs write what people send as it is.
        **{
            name: {"level": "INFO", "handlers": [], "propagate": True}
            for name in ("django", "django.server")
        },
    },
}
# Where sealing writes the signed head of the chain; None: to the log alone.
AUDIT_ANCHOR_FILE = Path(text("AUDIT_ANCHOR_FILE")) if text("AUDIT_ANCHOR_FILE") else None
# Bytes free below which the health page warns; below a fifth of it, it says that it has failed.
LOW_DISK_BYTES = number("LOW_DISK_BYTES", 5 * 1024**3, 0, 10**15 - 1)
STUDENT_ID_PATTERN = pattern("STUDENT_ID_PATTERN", "[A-Za-z]{0,4}[0-9]{3,12}")
IMPORT_MAX_BYTES = number("IMPORT_MAX_BYTES", 100_000_000, 1, 10**12)
IMPORT_MAX_ROWS = number("IMPORT_MAX_ROWS", 2_000_000, 1, 10**9)
IMPORT_MAX_ROW_BYTES = number("IMPORT_MAX_ROW_BYTES", 1_000_000, 1, 10**9)
IMPORT_MAX_WITHDRAWN = number("IMPORT_MAX_WITHDRAWN", 5, 0, 100)
IMPORT_MAX_CHANGED = number("IMPORT_MAX_CHANGED", 20, 0, 100)
