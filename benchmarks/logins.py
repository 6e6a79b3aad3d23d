"""Whether the login page's time tells which names exist: `make drill-login`.

2,000 tries in turns, one of each kind after the other, on a PostgreSQL of its own; what the pause
counted is forgotten between two tries. The medians of all kinds lie within 5 % of each other.
"""

import os
import statistics
import sys
import time

import django

from backoffice.operations.server_guard import start_throwaway

if __name__ == "__main__":
    os.environ["DATABASE_URL"] = start_throwaway("benchmarks")
os.environ["DJANGO_ENV"] = "test"  # as production does: no record of every statement
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
django.setup()

from axes.models import AccessAttempt  # noqa: E402  Django must be set up first
from django.conf import settings  # noqa: E402
from django.contrib.auth.hashers import PBKDF2PasswordHasher  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402

from backoffice.apps.users.models import User  # noqa: E402
from backoffice.audit.models import AccessRecord  # noqa: E402
from benchmarks.measuring import machine  # noqa: E402

TRIES = int(os.environ.get("TRIES", "2000"))
MOST_APART = 5  # percent
RIGHT, WRONG = "a password for drills", "a wrong password"
# Whose name, and with which password. A login that works takes longer, and tells nothing new.
KINDS = {
    "a name nobody has": ("nobody", WRONG),
    "a member of staff": ("staff", WRONG),
    "an inactive account": ("inactive", WRONG),
    "an inactive account, right password": ("inactive", RIGHT),
    "a student": ("student", WRONG),
    "a student, right password": ("student", RIGHT),
    "an account without a password": ("none", WRONG),
    "an older hash": ("older", WRONG),
    "a hash of another algorithm": ("other", WRONG),
}


def make_people() -> None:
    """One account of each kind."""
    hasher = PBKDF2PasswordHasher()
    current = hasher.encode(RIGHT, hasher.salt())
    staff = {"is_staff": True, "role": User.Role.REGISTRAR}
    people = [
        User(username="staff", password=current, **staff),
        User(username="inactive", password=current, is_active=False, **staff),
        User(username="student", password=current, student_id="S1001"),
        User(username="none", password="!", **staff),
        User(username="older", password=hasher.encode(RIGHT, hasher.salt(), 600_000), **staff),
        User(username="other", password="pbkdf2_sha1$1$salt$x", **staff),
    ]
    for person in people:
        person.save()


def seconds(client: Client, username: str, password: str) -> float:
    """What one try takes, from the request to its answer."""
    begin = time.perf_counter()
    answer = client.post("/admin/login/", {"username": username, "password": password})
    taken = time.perf_counter() - begin
    assert answer.status_code == 200, answer.status_code
    AccessAttempt.objects.all().delete()
    return taken


def main() -> int:
    """Print the table; gives the exit status."""
    settings.PASSWORD_HASHERS = settings.LOGIN_HASHERS
    call_command("migrate", verbosity=0)
    make_people()
    client = Client()
    for credentials in KINDS.values():
        seconds(client, *credentials)  # what the first request loads
    taken: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for _turn in range(-(-TRIES // len(KINDS))):
        for kind, credentials in KINDS.items():
            taken[kind].append(seconds(client, *credentials))
    medians = {kind: statistics.median(values) * 1000 for kind, values in taken.items()}
    middle = statistics.median(medians.values())
    print(
        f"{machine()}\n{sum(map(len, taken.values()))} tries, {AccessRecord.objects.count()} rows"
    )
    print(f"{'kind':<38}{'median ms':>10}{'apart %':>9}")
    for kind, median in medians.items():
        print(f"{kind:<38}{median:>10.1f}{100 * (median / middle - 1):>9.1f}")
    apart = 100 * (max(medians.values()) / min(medians.values()) - 1)
    print(f"Slowest and fastest median are {apart:.1f} % apart; at most {MOST_APART} are allowed.")
    return int(apart > MOST_APART)


if __name__ == "__main__":
    sys.exit(main())
