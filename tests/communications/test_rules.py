"""What is never stored about talk."""

from datetime import timedelta
from typing import Any

from backoffice.apps.communications.models import Announcement, DirectMessage, ForumPost, ForumTopic
from tests.refusing import Broken, assert_all_refused, assert_no_twins


def answer_in_another_topic(row: Any) -> dict[str, Any]:
    elsewhere = ForumTopic.objects.create(forum=row.topic.forum, title="Else", author=row.author)
    return {"topic": elsewhere}


CASES = (
    Broken(
        "announcement_times_in_order",
        Announcement,
        lambda row: {"expires_at": row.publish_at - timedelta(seconds=1)},
    ),
    Broken("post_hidden_with_reason", ForumPost, {"is_hidden": True, "hidden_reason": ""}),
    Broken("post_answers_in_topic", ForumPost, answer_in_another_topic, {"parent__isnull": False}),
    Broken("message_to_another", DirectMessage, lambda row: {"recipient": row.sender}),
    Broken(
        "message_times_in_order",
        DirectMessage,
        lambda row: {"read_at": row.sent_at - timedelta(seconds=1)},
    ),
)


def test_every_rule_refuses_with_its_sentence(demo: None, subtests: Any):
    assert_all_refused("communications", CASES, subtests)


def test_there_are_no_twins(demo: None, subtests: Any):
    assert_no_twins("communications", subtests)
