"""Forums, messages, announcements and chat on the admin site."""

from backoffice.apps.communications.admin import announcements, chats, forums, letters

__all__ = ["announcements", "chats", "forums", "letters"]
