"""Moderation: forums and topics are locked, topics pinned, posts and chat messages hidden."""

from backoffice.apps.communications.models import ChatMessage, Forum, ForumPost, ForumTopic


def lock(row: Forum | ForumTopic, *, is_locked: bool) -> None:
    row.is_locked = is_locked
    row.full_clean()
    row.save()


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


def hide_message(message: ChatMessage, *, is_hidden: bool) -> None:
    message.is_hidden = is_hidden
    message.full_clean()
    message.save()
