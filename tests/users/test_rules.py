"""What is never stored about people and enrollments."""

from datetime import date, timedelta
from typing import Any

from django.db.models.functions import Upper

from backoffice.apps.users.models import Enrollment, Profile, User
from tests.refusing import Broken, assert_all_refused, assert_no_twins

STUDENT = {"role": "student"}
CASES = (
    Broken("user_student_has_id", User, {"role": "student", "student_id": None}, {"role": "admin"}),
    Broken("user_student_not_staff", User, {"is_superuser": True}, STUDENT),
    Broken(
        "user_merged_is_off",
        User,
        lambda row: {"merged_into": User.objects.exclude(pk=row.pk).first()},
        STUDENT | {"is_active": True},
    ),
    Broken("user_graduation_year_range", User, {"graduation_year": 1899}),
    Broken("user_graduation_year_range", User, {"graduation_year": 2201}),
    Broken(
        "enrollment_dates_in_order",
        Enrollment,
        lambda row: {"withdrawn_on": row.enrolled_on - timedelta(days=1)},
    ),
    Broken("enrollment_grade_percent", Enrollment, {"final_grade": 101}),
    Broken("enrollment_grade_percent", Enrollment, {"final_grade": -1}),
    Broken("enrollment_progress_percent", Enrollment, {"progress_percent": 101}),
    Broken("enrollment_progress_percent", Enrollment, {"progress_percent": -1}),
    Broken("enrollment_before_course_end", Enrollment, {"enrolled_on": date(2199, 1, 1)}),
    Broken(
        "enrollment_of_a_student",
        Enrollment,
        lambda row: {"student": User.objects.get(username="auditor"), "role": "student"},
    ),
)
# What the model settles by itself is shown below.
ENFORCED_BY_MODEL = {
    *("user_student_username", "user_student_password", "user_email_lower"),
    "profile_website_of_the_web",
}


def test_every_rule_refuses_with_its_sentence(demo: None, subtests: Any):
    assert_all_refused("users", CASES, subtests, enforced_by_model=ENFORCED_BY_MODEL)


def test_there_are_no_twins(demo: None, subtests: Any):
    assert_no_twins("users", subtests)


def test_a_student_gets_the_id_as_username_and_loses_the_password(db: None):
    person = User.objects.create_user("ana", password="secret", role="admin", is_staff=True)
    person.role, person.student_id, person.is_staff = "student", "s1001", False
    person.full_clean()
    person.save()
    person.refresh_from_db()
    assert person.username == "s1001"
    assert not person.has_usable_password()


def test_no_update_gets_round_what_the_model_settles(demo: None, subtests: Any):
    for name, values in (
        ("user_student_username", {"username": "somebody"}),
        ("user_student_password", {"password": "md5$1$2"}),
        ("user_student_not_staff", {"is_staff": True}),
        ("user_email_lower", {"email": Upper("email")}),
    ):
        with subtests.test(name):
            Broken(name, User, values, STUDENT).assert_refused_by_database()


def test_no_update_makes_a_script_of_a_website(demo: None):
    for address in ("javascript:alert(1)", " https://example.org", "data:text/html,x", "//x.org"):
        Broken(
            "profile_website_of_the_web", Profile, {"website": address}
        ).assert_refused_by_database()
    assert Profile.objects.update(website="HTTPS://example.org") > 0


def test_a_strange_enrollment_is_stored_and_pointed_out(demo: None):
    row = Enrollment.objects.filter(status="active", withdrawn_on=None).first()
    row.enrolled_on, row.status = None, "withdrawn"
    row.full_clean()
    assert [str(advisory.message) for advisory in row.advice()] == [
        "The status is withdrawn, but there is no withdrawal date.",
        "There is no enrollment date.",
    ]
