"""Forums, messages, announcements and chat."""

from backoffice.apps.communications.models.announcements import Announcement
from backoffice.apps.communications.models.chats import ChatMember, ChatMessage, ChatRoom
from backoffice.apps.communications.models.forums import Forum, ForumPost, ForumTopic
from backoffice.apps.communications.models.messages import DirectMessage

__all__ = [
    "Announcement",
    "ChatMember",
    "ChatMessage",
    "ChatRoom",
    "DirectMessage",
    "Forum",
    "ForumPost",
    "ForumTopic",
]
