"""A blank cell: a new row gets the default, a known one keeps what it has, or is cleared."""

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User


def test_a_blank_cell_does_not_bring_a_deactivated_student_back(import_file, student):
    student("s1001", is_active=False, language="sv", timezone="Europe/Stockholm")
    text = "student_id,is_active,language,timezone,graduation_year\ns1001,,,,2027\n"
    batch = import_file("users", text)
    one = User.objects.get(student_id="s1001")
    assert (one.is_active, one.language, one.timezone) == (False, "sv", "Europe/Stockholm")
    assert (one.graduation_year, batch.updated) == (2027, 1)


def test_a_blank_cell_does_not_reopen_what_is_finished(import_file, courses, student):
    Course.objects.filter(code="BIO101").update(status="archived")
    Enrollment.objects.create(
        student=student("s1001"), course=courses["BIO101"], status="completed", role="observer"
    )
    batch = import_file(
        "enrollments", "student_id,course_code,presentation,status,role\ns1001,BIO101,2026J,,\n"
    )
    assert batch.unchanged == 1
    batch = import_file("courses", "course_code,presentation,status\nBIO101,2026J,\n")
    assert batch.unchanged == 1


def test_a_new_row_gets_the_defaults(import_file, courses):
    import_file("users", "student_id,is_active,language\ns1001,,\n")
    one = User.objects.get(student_id="s1001")
    assert (one.is_active, one.language, one.timezone) == (True, "en", "UTC")
    import_file("courses", "course_code,presentation,status\nNEW1,2026J,\n")
    assert Course.objects.get(code="NEW1").status == "draft"


def test_what_has_no_default_is_cleared(import_file, student):
    student("s1001", graduation_year=2027, specialization="Botany")
    import_file("users", "student_id,graduation_year,specialization\ns1001,,\n")
    one = User.objects.get(student_id="s1001")
    assert (one.graduation_year, one.specialization) == (None, "")


def test_yes_and_no_are_stored_as_such(import_file, student):
    student("s1001")
    batch = import_file("users", "student_id,is_active\ns1001,1\n")
    assert batch.unchanged == 1
    import_file("users", "student_id,is_active\ns1001,no\n")
    assert list(User.objects.filter(is_active=False).values_list("student_id", flat=True)) == [
        "s1001"
    ]
    import_file("users", "student_id,is_active\ns1001,YES\n")
    assert User.objects.filter(is_active=True, student_id="s1001").exists()


def test_a_course_brought_in_as_published_says_since_when(import_file):
    text = "course_code,presentation,status\nNEW1,2026J,{}\nNEW2,2026J,draft\n"
    import_file("courses", text.format("published"))
    first, second = Course.objects.order_by("code")
    assert first.published_at is not None
    assert second.published_at is None
    import_file(
        "courses", "course_code,presentation,status\nNEW1,2026J,archived\nNEW2,2026J,published\n"
    )
    since = first.published_at
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, first.published_at) == ("archived", since)
    assert second.published_at is not None


def test_characters_that_stand_for_words_make_no_slug_too_long(import_file):
    import_file("courses", f"course_code,presentation\n{'㍿' * 40},2026J\n{'㍿' * 41},2026J\n")
    slugs = set(Course.objects.values_list("slug", flat=True))
    assert len(slugs) == 2
    assert all(len(slug) <= 120 for slug in slugs)
