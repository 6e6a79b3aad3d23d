"""Moderation of forums: topics are locked and pinned, posts hidden with a reason."""

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.apps.communications.models import ForumPost, ForumTopic
from backoffice.apps.users.models import User
from tests.actions import do, messages_of, refused

pytestmark = pytest.mark.usefixtures("demo")


def client_of(username: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=username))
    return client


@pytest.fixture
def topic() -> ForumTopic:
    own = ForumTopic.objects.filter(forum__course__instructor__username="instructor")
    return own.order_by("pk").first()


def test_a_locked_topic_takes_no_new_posts(topic):
    ingrid = client_of("instructor")
    answer = do(ingrid, topic, "lock", reason="The discussion is over")
    assert messages_of(answer) == [f"“{topic}” is locked."]
    topic.refresh_from_db()
    assert topic.is_locked
    answer = do(ingrid, topic, "lock", reason="The discussion is over")
    assert "It is locked already." in str(refused(answer))
    assert messages_of(do(ingrid, topic, "unlock"))[-1] == f"“{topic}” takes posts again."


def test_a_pinned_topic_stands_above(topic):
    ingrid = client_of("instructor")
    assert messages_of(do(ingrid, topic, "pin")) == [f"“{topic}” is pinned."]
    assert messages_of(do(ingrid, topic, "unpin"))[-1] == f"“{topic}” stands with the others again."


def test_a_hidden_post_stays_with_its_reason(topic):
    ingrid, post = client_of("instructor"), topic.posts.order_by("pk").first()
    assert refused(do(ingrid, post, "hide", reason="rude")) == {
        "reason": ["Say it in at least 10 characters."]
    }
    assert messages_of(do(ingrid, post, "hide", reason="Names another student")) == [
        "The post is hidden."
    ]
    post.refresh_from_db()
    assert (post.is_hidden, post.hidden_reason) == (True, "Names another student")
    answer = do(ingrid, post, "show", reason="The student agreed")
    assert messages_of(answer)[-1] == "The post can be read again."
    post.refresh_from_db()
    assert (post.is_hidden, post.hidden_reason) == (False, "")


@pytest.mark.parametrize("who", ["instructor2", "registrar", "auditor"])
def test_only_whoever_moderates_the_course_hides(topic, who):
    post = ForumPost.objects.filter(topic=topic).first()
    answer = do(client_of(who), post, "hide", reason="I do not like it")
    assert answer.status_code == 403


def test_a_hidden_post_says_why(topic):
    post = topic.posts.order_by("pk").first()
    ForumPost.objects.filter(pk=post.pk).update(is_hidden=True, hidden_reason="Off topic.")
    address = reverse("admin:communications_forumpost_change", args=[post.pk])
    page = client_of("instructor").get(address)
    title, options = page.context["adminform"].fieldsets[0]
    assert (str(title), options["fields"]) == ("Hidden from readers", ("hidden_reason",))
