"""An announcement is a draft until it is sent, once, to a known number of people."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backoffice.apps.communications.models import Announcement
from backoffice.apps.users.models import User
from tests.actions import do, messages_of, refused
from tests.filling import save


def test_a_draft_says_that_nobody_sees_it(registrar_client):
    page = reverse("admin:communications_announcement_add")
    response = save(registrar_client, page, title="Closed", body="On Monday.")
    assert response.status_code == 302
    text = registrar_client.get(response.url).content.decode()
    assert "“Closed” is a draft; nobody sees it yet." in text
    assert Announcement.objects.get().publish_at is None


@pytest.mark.usefixtures("demo")
def test_an_announcement_goes_out_once_to_a_known_number():
    planned = Announcement.objects.create(
        title="Library closed",
        body="On Monday.",
        author=User.objects.get(username="admin"),
        publish_at=timezone.now() + timezone.timedelta(days=3),
        audience=Announcement.Audience.STAFF,
    )
    staff = User.objects.staff().active().count()
    amina = Client()
    amina.force_login(User.objects.get(username="admin"))
    answer = do(amina, planned, "send")
    assert str(staff) in messages_of(answer)[0]
    planned.refresh_from_db()
    assert planned.publish_at <= timezone.now()
    assert "It was sent already." in str(refused(do(amina, planned, "send")))
