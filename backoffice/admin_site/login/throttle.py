"""A pause after wrong passwords, on top of django-axes: its tables, signals and middleware.

A guess is counted before its password is looked at, so that no number of guesses at the same time
gets past the limit; the right password takes its guess away again. What is counted against whom:

| who tries | closed by |
|---|---|
| a device the account has used before | wrong ones for that account from that device |
| an address the account has used before | wrong ones from that address, for any account |
| anybody else | wrong ones from that address, and wrong ones for that account from anywhere |

So nobody is kept out by what others do elsewhere. One guess is one row of `AccessAttempt`, for as
long as the pause takes. `failures_since_start` is 0 while its password is looked at, then 1;
`user_agent`, of no use to us otherwise, begins with the device.
"""

import time
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4

from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username, get_cool_off, get_failure_limit
from axes.models import AccessAttempt, AccessLog
from django.db import connection, models, transaction
from django.utils import timezone

from backoffice.admin_site.login.known_devices import KNOWN_FOR, device_of

LOCK = 0x1061  # of PostgreSQL: guesses are counted one after the other, within milliseconds
PATIENCE, PERIOD = 3.0, 0.05  # seconds to wait for guesses under way, and between two looks
UNDER_WAY, WRONG = 0, 1  # values of `failures_since_start`


class Guess(NamedTuple):
    """A counted guess."""

    username: str
    address: str
    mark: str
    failures: int
    guessed_at: datetime


class Answer(NamedTuple):
    """What becomes of a guess: its row, if it may be made, and how long nobody may guess."""

    attempt: int | None
    pause: timedelta
    is_final: bool = True


class LoginThrottle(AxesDatabaseHandler):
    """The handler that settings.AXES_HANDLER names."""

    def is_allowed(self, request: Any, credentials: dict[str, Any] | None = None) -> bool:
        """Whether a password may be looked at; counts the guess."""
        username = get_client_username(request, credentials) or ""
        request.axes_user_agent = device_of(request, username)
        give_up_at = time.monotonic() + PATIENCE
        answer = self._count(request, username)
        # Twenty people behind one address may log in at the same moment.
        while not answer.is_final and time.monotonic() < give_up_at:
            time.sleep(PERIOD)
            answer = self._count(request, username)
        request.counted_attempt, request.login_pause = answer.attempt, answer.pause
        return answer.attempt is not None

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: Any = None, **_kwargs: Any
    ) -> None:
        if request is None or request.axes_locked_out:
            return
        attempt = getattr(request, "counted_attempt", None)
        AccessAttempt.objects.filter(pk=attempt).update(failures_since_start=WRONG)
        # The last one that was free is answered with the pause.
        request.axes_locked_out = bool(getattr(request, "login_pause", None))

    def user_logged_in(self, sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
        username = user.get_username()
        device = request.axes_user_agent = device_of(request, username)
        super().user_logged_in(sender, request, user, **kwargs)
        own = {"user_agent__startswith": f"{device} "}
        own |= {} if device else {"ip_address": request.axes_ip_address}
        # Not those under way: they may be somebody else's, and wrong.
        wrong = models.Q(**own, username=username, failures_since_start=WRONG)
        attempt = getattr(request, "counted_attempt", None)
        AccessAttempt.objects.filter(wrong | models.Q(pk=attempt)).delete()
        AccessLog.objects.filter(attempt_time__lt=timezone.now() - KNOWN_FOR).delete()

    def _count(self, request: Any, username: str) -> Answer:
        """Count a guess, unless there were too many."""
        limit, pause = get_failure_limit(request, None), get_cool_off(request)
        with transaction.atomic():
            _take_turn()
            now = timezone.now()
            _drop_outdated(now, pause)
            counted = list(_counted_against(request, username, now))
            full = [each for each in counted if len(each) >= limit]
            if full:
                is_final = any(sum(g.failures for g in each) >= limit for each in full)
                return Answer(None, _time_until_free(full, limit, now - pause), is_final)
            attempt = AccessAttempt.objects.create(
                username=username,
                ip_address=request.axes_ip_address,
                user_agent=f"{request.axes_user_agent} {uuid4().hex}",
                http_accept="",
                path_info=request.axes_path_info,
                failures_since_start=UNDER_WAY,
            )
        own = Guess(username, "", "", UNDER_WAY, now)
        filled = [[*each, own] for each in counted if len(each) + 1 == limit]
        return Answer(attempt.pk, _time_until_free(filled, limit, now - pause))


def forget_logins(usernames: Collection[str]) -> None:
    """Remove from where accounts of these names logged in, and tried to."""
    for model in (AccessAttempt, AccessLog):
        model.objects.filter(username__in=usernames).delete()


def _take_turn() -> None:
    # SQLite has one writer at a time anyway.
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _drop_outdated(now: datetime, pause: timedelta) -> None:
    AccessAttempt.objects.filter(attempt_time__lte=now - pause).delete()
    # The clock was set back: what lies in the future counts from now on, not for an hour more.
    AccessAttempt.objects.filter(attempt_time__gt=now).update(attempt_time=now)


def _counted_against(request: Any, username: str, now: datetime) -> Iterator[list[Guess]]:
    """The lists of guesses each of which, when full, closes the login to this one."""
    address, device = request.axes_ip_address, request.axes_user_agent
    rows = AccessAttempt.objects.filter(models.Q(username=username) | models.Q(ip_address=address))
    columns = ("username", "ip_address", "user_agent", "failures_since_start", "attempt_time")
    guesses = [Guess(*row) for row in rows.order_by("attempt_time", "pk").values_list(*columns)]
    # Asked for every name: a query more for some of them would tell which ones exist.
    logins = AccessLog.objects.filter(username=username, ip_address=address)
    is_known_address = logins.filter(attempt_time__gte=now - KNOWN_FOR).exists()
    of_account = [guess for guess in guesses if guess.username == username]
    if device:
        yield [guess for guess in of_account if guess.mark.startswith(f"{device} ")]
        return
    yield [guess for guess in guesses if guess.address == address]
    if not is_known_address:
        yield of_account


def _time_until_free(full: list[list[Guess]], limit: int, since: datetime) -> timedelta:
    """How long until none of the lists is full any more; `since` is when what is over began."""
    waits = [guesses[len(guesses) - limit].guessed_at - since for guesses in full]
    return max(waits, default=timedelta())
