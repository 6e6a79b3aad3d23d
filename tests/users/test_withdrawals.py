"""A person is withdrawn from a course and reinstated; no row is deleted."""

from datetime import date

import pytest

from backoffice.apps.users.models import Enrollment
from tests.actions import do, do_with_many, messages_of, page_of, refused

WHY = "Moved to another university"


@pytest.fixture
def roster(courses, student) -> list[Enrollment]:
    """Three students of the biology course."""
    return [
        Enrollment.objects.create(
            student=student(f"s100{n}"), course=courses["BIO101"], enrolled_on=date(2026, 2, n)
        )
        for n in (1, 2, 3)
    ]


def test_withdrawing_keeps_the_row_and_says_why(registrar_client, registrar, roster):
    answer = do(registrar_client, roster[0], "withdraw", withdrawn_on="2026-03-01", reason=WHY)
    assert answer.status_code == 302
    assert messages_of(answer) == ["s1001 is withdrawn."]
    roster[0].refresh_from_db()
    assert (roster[0].status, roster[0].withdrawn_on) == ("withdrawn", date(2026, 3, 1))
    newest = roster[0].history.first()
    assert newest.history_user == registrar
    assert (newest.change_set.source, newest.change_set.reason) == ("action", WHY)


def test_looking_at_the_dialog_does_nothing(registrar_client, roster):
    page = registrar_client.get(page_of(roster[0], "withdraw"))
    assert page.status_code == 200
    text = "The enrollment stays on record with its dates; nothing is deleted."
    assert page.context["row_action"].text == text
    assert text in page.content.decode()
    roster[0].refresh_from_db()
    assert roster[0].status == "active"


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({"reason": WHY}, {"withdrawn_on": ["This field is required."]}),
        (
            {"withdrawn_on": "2026-03-01", "reason": "gone"},
            {"reason": ["Say it in at least 10 characters."]},
        ),
        (
            {"withdrawn_on": "2026-01-01", "reason": WHY},
            {
                "withdrawn_on": [
                    "The withdrawal lies before the enrollment. Correct one of the two dates."
                ]
            },
        ),
    ],
)
def test_errors_of_the_dialog_stand_at_their_field(registrar_client, roster, values, errors):
    assert refused(do(registrar_client, roster[0], "withdraw", **values)) == errors
    roster[0].refresh_from_db()
    assert roster[0].status == "active"


def test_whoever_is_withdrawn_comes_back(registrar_client, roster):
    do(registrar_client, roster[0], "withdraw", withdrawn_on="2026-03-01", reason=WHY)
    answer = do(registrar_client, roster[0], "reinstate", reason="The form was filled in wrongly")
    assert messages_of(answer)[-1] == "s1001 is active again."
    roster[0].refresh_from_db()
    assert (roster[0].status, roster[0].withdrawn_on) == ("active", None)


def test_what_is_not_so_is_not_undone(registrar_client, roster):
    answer = do(registrar_client, roster[0], "reinstate", reason="The form was filled in wrongly")
    assert "Only somebody who was withdrawn can come back." in str(refused(answer))


def test_many_are_withdrawn_at_once_under_one_change_set(registrar_client, roster):
    do(registrar_client, roster[2], "withdraw", withdrawn_on="2026-03-01", reason=WHY)
    dialog = do_with_many(registrar_client, roster, "withdraw")
    assert sorted(dialog.context["named"]) == [str(row) for row in roster[:2]]
    answer = do_with_many(
        registrar_client, roster, "withdraw", withdrawn_on="2026-03-02", reason=WHY
    )
    assert messages_of(answer)[-2:] == ["Done with 2 rows.", "1 row was left as it is."]
    assert Enrollment.objects.filter(status="withdrawn").count() == 3
    sets = {row.history.first().change_set_id for row in roster[:2]}
    assert len(sets) == 1


def test_many_are_withdrawn_all_or_none(registrar_client, roster):
    Enrollment.objects.filter(pk=roster[1].pk).update(enrolled_on=date(2026, 5, 1))
    do_with_many(registrar_client, roster, "withdraw", withdrawn_on="2026-03-02", reason=WHY)
    assert not Enrollment.objects.filter(status="withdrawn").exists()


@pytest.mark.parametrize("who", ["instructor", "auditor"])
def test_others_do_not_withdraw(who, request, roster, courses):
    client = request.getfixturevalue(f"{who}_client")
    courses["BIO101"].instructor_id = request.getfixturevalue("instructor").pk
    courses["BIO101"].save()
    answer = do(client, roster[0], "withdraw", withdrawn_on="2026-03-01", reason=WHY)
    assert answer.status_code == 403
    do_with_many(client, roster, "withdraw", withdrawn_on="2026-03-01", reason=WHY)
    assert not Enrollment.objects.filter(status="withdrawn").exists()
