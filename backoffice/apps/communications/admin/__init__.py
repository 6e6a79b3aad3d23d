"""Forums, messages, announcements and chat on the admin site."""

from backoffice.apps.communications.admin import announcements, chats, forums, messages

__all__ = ["announcements", "chats", "forums", "messages"]
