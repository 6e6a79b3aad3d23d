"""The log: nobody writes a line of their own into it, and production logs its errors."""

import io
import json
import logging
import unicodedata
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from backoffice.settings.log_lines import TRACEBACK, LineFormatter, escaped
from tests.operations.test_settings import GOOD, started

ATTACKS = [
    "\n2026-11-30 12:00:00,000 backoffice.audit INFO All is well",
    "\r\nforged",
    "\x1b[2J\x1b[31mred",
    "\x9b31m",
    "\u202egnp.exe",
    "\u2066hidden\u2069",
    "\u2028next line",
    "\u2029next paragraph",
    "\x85next line",
    "\x0b\x0c\x1c\x1d\x1e",
    "\x00\x07\x08",
    "\ufeff\u200b",
    "\udc80",
    "\U000e0041",
]


def assert_harmless(text: str) -> None:
    """That a text holds no character that a terminal obeys, and ends no line."""
    for character in text:
        category = unicodedata.category(character)
        assert category not in ("Cc", "Cf", "Cs", "Zl", "Zp"), repr(character)


def lines_for(log: Any) -> list[str]:
    """What a logging call writes with the formatter of the settings."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    values = django_settings.LOGGING["formatters"]["line"]
    handler.setFormatter(LineFormatter(values["format"], style=values["style"]))
    logger = logging.Logger("a logger")
    logger.addHandler(handler)
    log(logger)
    return stream.getvalue().removesuffix("\n").split("\n")


anything = st.one_of(st.text(max_size=40), st.sampled_from(ATTACKS), st.characters())


@given(format_text=anything, argument=anything)
def test_a_message_is_one_harmless_line(format_text, argument):
    for text in (format_text, argument):
        lines = lines_for(lambda logger, text=text: logger.error("Refused: %s", text))
        assert len(lines) == 1
        assert_harmless(lines[0])
    (line,) = lines_for(lambda logger: logger.error(format_text.replace("%", "")))
    assert_harmless(line)


@given(text=anything, cause=anything)
def test_the_text_of_an_error_makes_no_line_of_its_own(text, cause):
    def log(logger: logging.Logger) -> None:
        try:
            try:
                raise ValueError(cause)
            except ValueError as error:
                raise KeyError(text) from error
        except KeyError:
            logger.exception("Failed at %s", text, stack_info=True)

    first, *others = lines_for(log)
    assert first.split(" ", 2)[2].startswith("a logger ERROR Failed at ")
    assert all(line.startswith(TRACEBACK) for line in others)
    for line in (first, *others):
        assert_harmless(line)


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_stood_there_can_still_be_read(attack):
    assert escaped(attack).isprintable()
    assert escaped(attack).encode("ascii").decode("unicode_escape") == attack


def test_names_of_people_stay_as_they_are():
    assert escaped("Zoë Müller, 山田 太郎, Ἀριστοτέλης") == "Zoë Müller, 山田 太郎, Ἀριστοτέλης"


WALK = """
import warnings
warnings.simplefilter("ignore")  # no static files were collected
import logging, json, sys
from gunicorn.config import Config
from gunicorn.glogging import Logger
import django
config = Config()
config.set("accesslog", "-")
Logger(config)
import backoffice.wsgi
from backoffice.settings.log_lines import LineFormatter
names = [None, "a.library", *sorted(logging.root.manager.loggerDict)]
found = {}
for name in names:
    logger, formatters = logging.getLogger(name), []
    while logger:
        formatters += [isinstance(h.formatter, LineFormatter) for h in logger.handlers
                       if not isinstance(h, logging.NullHandler)]
        logger = logger.parent if logger.propagate else None
    found[str(name)] = formatters
print(json.dumps(found))
"""


def walked(**variables: str) -> dict[str, list[bool]]:
    done = started(WALK, **variables)
    assert done.returncode == 0, done.stderr
    answer: dict[str, list[bool]] = json.loads(done.stdout.splitlines()[-1])
    return answer


@pytest.mark.parametrize("variables", [GOOD, {"DJANGO_ENV": "development"}])
def test_every_logger_writes_harmless_lines_and_writes_them_once(variables):
    found = walked(**variables)
    names = {"None", "a.library", "django.request", "django.security", "django.server", "axes"}
    names |= {"gunicorn.error", "gunicorn.access", "backoffice.audit.middleware", "django_tasks"}
    assert names <= set(found)
    for name, formatters in found.items():
        assert formatters == [True], name


FAILING = """
import warnings
warnings.simplefilter("ignore")
import backoffice.settings
plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
backoffice.settings.STORAGES["staticfiles"] = {"BACKEND": plain}
import backoffice.wsgi
from django.test import RequestFactory
import backoffice.operations.health as health
def fail(request):
    raise ValueError("broken\\n2026-01-01 forged")
from django.urls import path
import backoffice.urls
backoffice.urls.urlpatterns.insert(0, path("healthz", fail))
environ = RequestFactory().get("/healthz", HTTP_HOST="office.example.org").environ
print(backoffice.wsgi.application(environ, lambda status, headers: print(status)))
environ = RequestFactory().get("/healthz", HTTP_HOST="evil.example").environ
backoffice.wsgi.application(environ, lambda status, headers: print(status))
"""


def test_production_logs_its_errors():
    done = started(FAILING, **GOOD, SECURE_SSL_REDIRECT="0")
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    heads = [" ".join(line.split(" ")[2:]) for line in lines if not line.startswith(TRACEBACK)]
    assert "django.request ERROR Internal Server Error: /healthz" in heads
    assert TRACEBACK + "ValueError: broken" in lines
    assert TRACEBACK + "2026-01-01 forged" in lines
    assert any(head.startswith("django.security.DisallowedHost ERROR") for head in heads)
    assert all(line[:2] == "20" for line in lines if not line.startswith(TRACEBACK))


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the handler of the settings writes during a test."""
    stream = io.StringIO()
    (handler,) = (h for h in logging.root.handlers if isinstance(h.formatter, LineFormatter))
    monkeypatch.setattr(handler, "stream", stream)
    return stream


@pytest.mark.django_db
@pytest.mark.parametrize("attack", ATTACKS[:-2] + ATTACKS[-1:])
def test_what_people_send_reaches_the_log_harmless(attack, written, registrar_client):
    stranger = Client()
    path = "/admin/" + attack.replace("\0", "") + "/"
    for client in (stranger, registrar_client):
        client.get(path)
        client.get("/admin/users/user/", {"q": attack, attack: "x"})
        client.post("/admin/login/", {"username": attack, "password": attack})
        client.get("/metrics", headers={"Via": "x", "Authorization": attack.replace("\n", "")})
        client.get("/healthz", headers={"Host": "evil.example" + attack.replace("\n", "")})
        client.post(path, {"x": attack}, headers={"User-Agent": attack, "Referer": attack})
    lines = written.getvalue().removesuffix("\n").split("\n")
    assert len(lines) > 3
    for line in lines:
        assert line.startswith((TRACEBACK, "20"))
        assert_harmless(line)
