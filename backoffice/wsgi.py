"""For a WSGI server such as gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

from backoffice.settings.log_lines import guard_handlers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
application = get_wsgi_application()
# The server's loggers are there by now, each with handlers of its own.
guard_handlers()
