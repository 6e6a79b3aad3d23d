"""The people of the demo school."""

from backoffice.apps.users.models import Profile, User
from backoffice.operations.demo import demo_part, ensure

STAFF = (
    ("admin", "admin", "Amina", "Okafor"),
    ("registrar", "registrar", "Ruth", "Lindqvist"),
    ("registrar2", "registrar", "Rafael", "Moreno"),
    ("instructor", "instructor", "Ingrid", "Sørensen"),
    ("instructor2", "instructor", "Kenji", "Watanabe"),
    ("auditor", "auditor", "Aurélie", "Dubois"),
)
STUDENTS = (
    "Zoë O'Moore", "小龍 李", "Þórunn Jónsdóttir", "Nguyễn Thị Hương", "Олена Шевченко",
    "فاطمة الزهراء", "Łukasz Wójcik", "María José Fernández de la Vega", "Ömer Yıldız",
    "Chidi Anyanwu", "Priya Raghunathan", "דוד לוי", "Anna-Lena Müller-Lüdenscheidt", "Søren Kjær",
    "Ioana Popescu", "김 지민", "Tāne Ngata", "Björn Åkesson", "Νίκος Παπαδόπουλος",
    "Siobhán Ní Dhomhnaill",
    "Mehmet Öztürk", "ปรีชา สุขใจ", "Ana Carolina Gonçalves", "Wanjiru Kamau",
    "Jean-Baptiste N'Diaye",
    "Ольга Иванова", "Hans Meier", "Aigerim Nurlanqyzy", "Kalani Kealoha", "Tomáš Dvořák",
    "José Ángel Hernández", "Yuki Tanaka", "Fatou Diallo", "Matteo Rossi", "Grace Mutua",
    "Émile Zürcher", "Leila Haddad", "Dmitri Volkov", "Isla MacGregor", "Bo Chen",
)  # fmt: skip
FIRST_ID = 100_001


def student_id_of(number: int) -> str:
    """The ID of a demo student; numbers count from 0."""
    return f"s{FIRST_ID + number}"


@demo_part("users", order=1)
def people() -> None:
    """An account for each role, and forty students with names from many countries."""
    for username, role, first, last in STAFF:
        person = ensure(
            User,
            {"username": username},
            role=role,
            is_staff=True,
            first_name=first,
            last_name=last,
            email=f"{username}@example.org",
            password="!",
        )
        if not person.has_usable_password():
            person.set_password(f"demo-{username}")
            person.save()
        ensure(Profile, {"user": person}, city="Lund", country="Sweden")
    for number, name in enumerate(STUDENTS):
        _student(number, name)


def _student(number: int, name: str) -> None:
    first, _space, last = name.partition(" ")
    student_id = student_id_of(number)
    ensure(
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
