"""The people of the demo school."""

from django.db import transaction

from backoffice.apps.users.demo.crowd import crowd
from backoffice.apps.users.demo.names import CULTURES, person
from backoffice.apps.users.models import FormerStudentID, Profile, User
from backoffice.bulk.kinds.header_names import IGNORED
from backoffice.bulk.kinds.value_words import LEFT_OUT
from backoffice.bulk.models import HeaderMapping, ValueMapping
from backoffice.operations.demo import Scale, demo_part, ensure

STAFF = (
    ("admin", "admin", "Amina", "Okafor"),
    ("registrar", "registrar", "Ruth", "Lindqvist"),
    ("registrar2", "registrar", "Rafael", "Moreno"),
    ("instructor", "instructor", "Ingrid", "Sørensen"),
    ("instructor2", "instructor", "Kenji", "Watanabe"),
    ("auditor", "auditor", "Aurélie", "Dubois"),
)
STUDENTS = 40
# Names that break what expects one short word of plain letters; the other students' are drawn.
LONG_NAMES = (
    ("Zoë", "O'Moore"),
    ("María José", "Fernández de la Vega"),
    ("Anna-Lena", "Müller-Lüdenscheidt"),
    ("Jean-Baptiste", "N'Diaye"),
)
FIRST_ID = 100_001
# By number: whoever had another student ID before.
FORMER_IDS = {4: "s090017", 11: "0712345"}
# What the headers of the school's own system stand for.
OWN_HEADERS = (
    ("enrollments", "Student number", "student_id"),
    ("enrollments", "Term", "presentation"),
    ("enrollments", "Remarks", IGNORED),
    ("users", "Student number", "student_id"),
)
OWN_VALUES = (
    ("status", "Enrolled", "active"),
    ("status", "Dropped", "withdrawn"),
    ("status", "Waitlisted", LEFT_OUT),
    ("role", "Tutor", "teaching_assistant"),
)


def student_id_of(number: int) -> str:
    """The ID of a demo student; numbers count from 0."""
    return f"s{FIRST_ID + number}"


@demo_part("users", order=1)
def people(scale: Scale) -> None:
    """An account for each role, students with names of many languages, and a crowd of more."""
    _cast()
    crowd(scale)


@transaction.atomic
def _cast() -> None:
    for row in STAFF:
        _member_of_staff(*row)
    for number in range(STUDENTS):
        _student(number)
    for number, former in FORMER_IDS.items():
        owner = _student(number)
        ensure(FormerStudentID, {"student_id": former}, user=owner)
    registrar = User.objects.get(username="registrar")
    for kind, header, column in OWN_HEADERS:
        key = {"kind": kind, "header": header}
        ensure(HeaderMapping, key, column=column, made_by=registrar)
    for column, word, meaning in OWN_VALUES:
        key = {"kind": "enrollments", "column": column, "word": word}
        ensure(ValueMapping, key, meaning=meaning, made_by=registrar)


def _member_of_staff(username: str, role: str, first: str, last: str) -> None:
    member = ensure(
        User,
        {"username": username},
        role=role,
        is_staff=True,
        first_name=first,
        last_name=last,
        email=f"{username}@example.org",
        password="!",
    )
    if not member.has_usable_password():
        member.set_password(f"demo-{username}")
        member.save()
    ensure(Profile, {"user": member}, city="Lund", country="Sweden")


def _student(number: int) -> User:
    # By turns, so that even the small school has every script.
    _culture, first, last = person(number, CULTURES[number % len(CULTURES)])
    if number < len(LONG_NAMES):
        first, last = LONG_NAMES[number]
    student_id = student_id_of(number)
    # Somebody who tries the program may have changed the ID, or merged the record with another.
    owner = User.objects.filter(former_student_ids__student_id=student_id).first()
    return owner or ensure(
        User,
        {"student_id": student_id},
        username=student_id,
        role=User.Role.STUDENT,
        password="!",
        first_name=first,
        last_name=last,
        email=f"{student_id}@students.example.org",
        graduation_year=2027 + number % 3,
    )
