"""What a message says, its two parties read, and nobody else, on whatever page."""

import pytest

from backoffice.apps.communications.models import DirectMessage
from tests.addresses import every_address, filled
from tests.rights import rights_in
from tests.school import EVERYBODY, SECRET, School, rolled_back, text_of

pytestmark = pytest.mark.django_db

LABEL = DirectMessage._meta.label_lower
LIST = "/admin/communications/directmessage/"
OUTSIDERS = [role for role in EVERYBODY if role not in ("instructor", "assistant")]
# Ways to ask for the text itself, letter by letter or whole.
QUESTIONS = [
    f"{LIST}?q={SECRET}", f"{LIST}?body__startswith=zq", f"{LIST}?subject__contains=zq",
    f"{LIST}?replies__body__contains=zq", f"{LIST}?o=1.2.3.4.5.6", f"{LIST}?_to_field=body",
    f"/admin/search/?s={SECRET}", f"/admin/search/?extended=1&s={SECRET}",
    "/admin/autocomplete/?app_label=communications&model_name=directmessage"
    f"&field_name=reply_to&term={SECRET}",
    "/admin/users/user/?sent_messages__body__contains=zq",
    "/admin/audit/changeset/", "/admin/audit/approval/", "/admin/",
    "/admin/bulk/batch/export/?kind=users", "/admin/bulk/batch/export/?kind=enrollments",
]  # fmt: skip


@pytest.mark.parametrize("role", OUTSIDERS)
def test_an_outsider_reads_a_message_on_no_page(role: str, school: School):
    client, count = school.client(role), 0
    addresses = list(QUESTIONS)
    for row in (school.own[LABEL], school.foreign[LABEL]):
        addresses += [filled(a, row) for a in every_address() if a.label == LABEL]
        addresses += [f"{LIST}{row.pk}/change/?_popup=1", f"{LIST}add/?reply_to={row.pk}"]
        addresses += [
            f"/admin/users/user/{row.sender_id}/{page}/" for page in ("change", "history")
        ]
    for address in addresses:
        with rolled_back():
            answer = client.get(address)
            # A search repeats the words one asked for, and no others.
            page = text_of(answer).replace(f'{SECRET}"', "").replace(f"{SECRET}&", "")
        count += 1
        assert answer.status_code < 500, address
        assert f"{SECRET} body" not in page, address
        assert f"{SECRET} subject" not in page, address
    assert count > 30


@pytest.mark.parametrize("role", OUTSIDERS)
def test_a_search_does_not_tell_which_words_a_message_has(role: str, school: School):
    if "V" not in rights_in(role, LABEL, "any"):
        return
    client = school.client(role)
    for words in (SECRET, f"{SECRET} body", "zq"):
        page = client.get(LIST, {"q": words})
        assert list(page.context["cl"].queryset) == [], words


@pytest.mark.parametrize("role", ["instructor", "assistant"])
def test_the_two_parties_read_theirs_and_no_other(role: str, school: School):
    client = school.client(role)
    page = client.get(f"{LIST}{school.own[LABEL].pk}/change/")
    assert f"{SECRET} body" in text_of(page)
    assert client.get(f"{LIST}{school.foreign[LABEL].pk}/change/").status_code == 403
    assert f"{SECRET} body" not in text_of(client.get(LIST))


def test_the_record_of_changes_holds_no_word_of_a_message(school: School):
    for row in school.own[LABEL].history.all():
        assert SECRET not in repr({name: getattr(row, name) for name in vars(row)})
