"""A page says what is not to be seen otherwise: that news is a draft, that a post is hidden."""

from django.urls import reverse

from backoffice.apps.communications.models import Announcement, Forum, ForumPost, ForumTopic
from tests.filling import save


def test_a_draft_says_that_nobody_sees_it(registrar_client):
    page = reverse("admin:communications_announcement_add")
    answer = save(registrar_client, page, title="Closed", body="On Monday.")
    assert answer.status_code == 302
    said = registrar_client.get(answer.url).content.decode()
    assert "“Closed” is a draft; nobody sees it yet." in said
    assert Announcement.objects.get().publish_at is None


def test_a_hidden_post_says_why(courses, instructor, instructor_client):
    course = courses["BIO101"]
    type(course).objects.filter(pk=course.pk).update(instructor=instructor)
    forum = Forum.objects.create(course=course, title="Questions")
    topic = ForumTopic.objects.create(forum=forum, title="List", author=instructor)
    post = ForumPost.objects.create(
        topic=topic, author=instructor, body="!", is_hidden=True, hidden_reason="Off topic."
    )
    page = instructor_client.get(reverse("admin:communications_forumpost_change", args=[post.pk]))
    title, options = page.context["adminform"].fieldsets[0]
    assert (str(title), options["fields"]) == ("Hidden from readers", ("hidden_reason",))
