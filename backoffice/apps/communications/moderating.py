"""Moderation of forums: topics are locked and pinned, posts hidden with a reason."""

from backoffice.apps.communications.models import ForumPost, ForumTopic


def lock(topic: ForumTopic, *, is_locked: bool) -> None:
    topic.is_locked = is_locked
    topic.full_clean()
    topic.save()


def pin(topic: ForumTopic, *, is_pinned: bool) -> None:
    topic.is_pinned = is_pinned
    topic.full_clean()
    topic.save()


def hide(post: ForumPost, reason: str) -> None:
    post.is_hidden, post.hidden_reason = True, reason
    post.full_clean()
    post.save()


def show(post: ForumPost) -> None:
    post.is_hidden, post.hidden_reason = False, ""
    post.full_clean()
    post.save()
