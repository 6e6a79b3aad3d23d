"""The page on which a merge is looked at and asked for, and where it is agreed to."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.apps.communications.models import DirectMessage
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.models import AccessRecord, Approval
from tests.actions import do, messages_of, refused
from tests.users.twins import BACK, WHY, graded, merged, work


def page(person: User, **query: Any) -> str:
    address = reverse("admin:users_user_merge", args=[person.pk])
    return f"{address}?{'&'.join(f'{name}={value}' for name, value in query.items())}"


def ask(client: Client, person: User, other: User, reason: str = WHY, **query: Any) -> Any:
    """Open the page, fill it in as it stands, and post it."""
    address = page(person, other=other.pk, **query)
    opened = client.get(address)
    values = {"reason": reason, "check_digest": opened.context["reason"]["check_digest"].value()}
    return client.post(address, values)


def test_a_registrar_looks_at_both_asks_and_another_one_agrees(
    registrar_client, registrar2_client, ada, twin, courses
):
    Enrollment.objects.create(student=twin, course=courses["ART200"])
    opened = registrar_client.get(page(ada, other=twin.pk))
    text = opened.content.decode()
    assert "Ada Lovelace – ART200 2026B Art" in text
    assert (opened.context["plan"].survivor, opened.context["plan"].duplicate) == (ada, twin)
    answer = ask(registrar_client, ada, twin)
    assert messages_of(answer) == [
        "Asked for: Ada Lovelace (S2002) is merged into Ada Lovelace (S1001). It waits for a "
        "second person."
    ]
    approval = Approval.objects.get()
    shown = registrar2_client.get(reverse("admin:audit_approval_change", args=[approval.pk]))
    (link,) = shown.context["related_lists"]
    preview = registrar2_client.get(link["address"])
    assert "registrar" in preview.content.decode()
    assert "reason" not in preview.context
    assert do(registrar2_client, approval, "agree", note="").status_code == 302
    twin.refresh_from_db()
    assert twin.merged_into == ada


def test_a_look_at_the_preview_is_a_look_at_both(registrar_client, ada, twin):
    registrar_client.get(page(ada, other=twin.pk))
    looks = AccessRecord.objects.filter(kind="view", label="users.user")
    assert set(looks.values_list("person", flat=True)) == {ada.pk, twin.pk}


def test_the_other_record_may_be_the_one_that_remains(registrar_client, ada, twin):
    ask(registrar_client, ada, twin, remains="other")
    approval = Approval.objects.get()
    assert approval.sentence == "Ada Lovelace (S1001) is merged into Ada Lovelace (S2002)"


def test_the_registrar_sees_how_many_messages_move_and_none_of_them(
    registrar_client, ada, twin, admin
):
    DirectMessage.objects.create(sender=twin, recipient=admin, subject="Secret", body="Hidden")
    opened = registrar_client.get(page(ada, other=twin.pk))
    (count,) = (each for each in opened.context["preview"].counts if each.kind == "Messages")
    assert (count.moved, count.named) == (1, [])


def test_the_registrar_sees_no_score_of_two_works(registrar_client, pair, paper):
    graded(paper, pair[0], 41.25)
    graded(paper, pair[1], 93.75)
    text = registrar_client.get(page(pair[0], other=pair[1].pk)).content.decode()
    assert "both records have work. Its instructor chooses" in text
    assert "41.25" not in text
    assert "93.75" not in text


def test_what_changed_while_one_looked_is_shown_before_it_is_asked_for(
    registrar_client, pair, paper
):
    address = page(pair[0], other=pair[1].pk)
    opened = registrar_client.get(address)
    values = {"reason": WHY, "check_digest": opened.context["reason"]["check_digest"].value()}
    work(paper, pair[0])
    work(paper, pair[1])
    answer = registrar_client.post(address, values)
    assert answer.context["reason"].non_field_errors() == [
        "The two records changed while you were looking at them. This is what would happen now; "
        "look at it, and ask again."
    ]
    assert not Approval.objects.exists()
    again = values | {"check_digest": answer.context["reason"]["check_digest"].value()}
    assert registrar_client.post(address, again).status_code == 302


def test_a_reason_is_asked_for(registrar_client, ada, twin):
    answer = ask(registrar_client, ada, twin, reason="twice")
    assert dict(answer.context["reason"].errors) == {
        "reason": ["Say it in at least 10 characters."]
    }
    assert not Approval.objects.exists()


@pytest.mark.parametrize(
    ("who", "status"), [("admin", 200), ("registrar", 200), ("instructor", 403), ("auditor", 403)]
)
def test_who_may_look_and_ask(who, status, request, ada, twin):
    client = request.getfixturevalue(f"{who}_client")
    address = page(ada, other=twin.pk)
    assert client.get(address).status_code == status
    assert client.post(address, {"reason": WHY}).status_code == status


@pytest.mark.parametrize("who", ["instructor", "auditor"])
def test_who_may_not_agree(who, request, registrar_client, ada, twin):
    ask(registrar_client, ada, twin)
    client = request.getfixturevalue(f"{who}_client")
    assert do(client, Approval.objects.get(), "agree", note="").status_code == 403


def test_whoever_asked_does_not_agree(registrar_client, ada, twin):
    ask(registrar_client, ada, twin)
    answer = do(registrar_client, Approval.objects.get(), "agree", note="")
    assert refused(answer) == {"__all__": ["Nobody approves what they asked for themselves."]}


def test_a_registrar_sees_no_other_request_than_for_students(
    registrar_client, admin, person, ada, twin
):
    from_admin = Approval.objects.create(
        action="role",
        subject_label="users.user",
        subject_id=admin.pk,
        sentence="A role",
        requested_by=admin,
        reason=WHY,
    )
    address = reverse("admin:audit_approval_change", args=[from_admin.pk])
    assert registrar_client.get(address).status_code == 403
    rows = registrar_client.get(reverse("admin:audit_approval_changelist"))
    assert list(rows.context["cl"].queryset) == []


def test_staff_are_not_merged_and_not_offered(registrar_client, admin_client, ada, instructor):
    assert registrar_client.get(page(instructor)).status_code == 403
    assert admin_client.get(page(instructor)).status_code == 403
    answer = admin_client.get(page(ada, other=instructor.pk))
    assert answer.context["form"].errors == {
        "other": ["There is no such student. Choose one from the list."]
    }


def test_the_page_of_an_emptied_record_leads_to_the_survivor(
    registrar, registrar_client, admin, ada, twin
):
    merged(ada, twin, registrar, admin)
    address = reverse("admin:users_user_change", args=[twin.pk])
    answer = registrar_client.get(address)
    assert answer.url == reverse("admin:users_user_change", args=[ada.pk])
    assert messages_of(answer) == ["Ada Lovelace was merged into this record."]
    assert registrar_client.post(address, {"first_name": "Eve"}).status_code == 403
    history = registrar_client.get(reverse("admin:users_user_history", args=[twin.pk]))
    assert history.status_code == 200
    assert registrar_client.get(page(twin)).status_code == 403


def test_an_emptied_record_is_offered_nowhere(registrar, registrar_client, admin, ada, twin):
    merged(ada, twin, registrar, admin)
    listed = registrar_client.get(reverse("admin:users_user_changelist")).context["cl"].queryset
    assert list(listed) == [ada]
    query = {"app_label": "users", "model_name": "enrollment", "field_name": "student"}
    found = registrar_client.get("/admin/autocomplete/", query | {"term": "Lovelace"}).json()
    assert [row["id"] for row in found["results"]] == [str(ada.pk)]
    # Its former ID leads to the survivor.
    search = registrar_client.get(reverse("admin:users_user_changelist"), {"q": "S2002"})
    assert list(search.context["cl"].queryset) == [ada]


def test_an_emptied_record_is_not_enrolled_by_a_forged_form(
    registrar, registrar_client, admin, ada, twin, courses
):
    merged(ada, twin, registrar, admin)
    values = {"student": twin.pk, "course": courses["ART200"].pk, "role": "student"}
    answer = registrar_client.post(reverse("admin:users_enrollment_add"), values)
    assert "student" in answer.context["adminform"].form.errors
    assert not Enrollment.objects.exists()


def test_a_merge_is_undone_from_the_page_of_the_survivor(
    registrar, registrar_client, registrar2_client, admin, ada, twin
):
    assert refused(do(registrar_client, ada, "request_unmerge", reason=BACK)) == (
        "No record was merged into this one."
    )
    merged(ada, twin, registrar, admin)
    answer = do(registrar_client, ada, "request_unmerge", reason=BACK, duplicate=twin.pk)
    assert answer.status_code == 302
    approval = Approval.objects.get(action="undo_merge")
    assert do(registrar2_client, approval, "agree", note="").status_code == 302
    twin.refresh_from_db()
    assert (twin.merged_into, twin.student_id) == (None, "S2002")
