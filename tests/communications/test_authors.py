"""Nobody writes in another's name."""

from django.test import Client
from django.urls import reverse

from backoffice.apps.communications.models import DirectMessage, Forum, ForumPost, ForumTopic
from backoffice.apps.users.models import Enrollment
from tests.filling import errors_of, save


def test_whoever_writes_is_the_author(courses, instructor, instructor_client, student):
    courses["BIO101"].instructor = instructor
    courses["BIO101"].save()
    forum = Forum.objects.create(course=courses["BIO101"], title="Questions")
    other = student("s1001")

    page = reverse("admin:communications_forumtopic_add")
    answer = save(
        instructor_client, page, forum=forum.pk, title="Where is the list?", author=other.pk
    )
    assert answer.status_code == 302, errors_of(answer)
    topic = ForumTopic.objects.get()
    page = reverse("admin:communications_forumpost_add")
    save(instructor_client, page, topic=topic.pk, body="In module 1.", author=other.pk)

    assert [topic.author, ForumPost.objects.get().author] == [instructor, instructor]


def test_a_topic_added_below_its_forum_has_an_author(courses, admin, admin_client):
    forum = Forum.objects.create(course=courses["BIO101"], title="Questions")
    page = reverse("admin:communications_forum_change", args=[forum.pk])
    answer = save(
        admin_client, page, **{"topics-TOTAL_FORMS": 1, "topics-0-title": "Where is the list?"}
    )
    assert answer.status_code == 302, errors_of(answer)
    assert ForumTopic.objects.get().author == admin


def test_nobody_writes_to_themselves(courses, person, instructor_client):
    helper = person("instructor", "helper")
    Enrollment.objects.create(student=helper, course=courses["BIO101"], role="teaching_assistant")
    client = Client()
    client.force_login(helper)
    page = reverse("admin:communications_directmessage_add")
    answer = save(client, page, recipient=helper.pk, body="Remember the list.")
    message = "Select a valid choice. That choice is not one of the available choices."
    assert errors_of(answer)["recipient"] == [message]
    assert not DirectMessage.objects.exists()
