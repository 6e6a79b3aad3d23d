"""Chat rooms, their members and messages."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.models.fields import LineField, ParagraphField
from backoffice.admin_site.models.rules import UniqueRule
from backoffice.apps.communications.models.referring import Referable
from backoffice.audit.models import Audited, AuditedQuerySet
from backoffice.audit.models.personal_data import Personal


class ChatRoom(Audited):
    """A room of a course where people talk at once."""

    class Kind(models.TextChoices):
        OPEN = "open", _("everyone in the course")
        MEMBERS = "members", _("members only")

    course_path = "course"
    natural_key_fields = ("course", "name")

    course = models.ForeignKey(
        "courses.Course",
        models.PROTECT,
        related_name="chat_rooms",
        db_index=False,
        verbose_name=_("course"),
    )
    name = LineField(_("name"), max_length=100)
    description = LineField(_("description"), max_length=300, blank=True)
    room_type = models.CharField(_("open to"), max_length=10, choices=Kind, default=Kind.OPEN)
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Can be read when it is not, but takes no messages.")
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("created by"),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("chat room")
        verbose_name_plural = _("chat rooms")
        ordering = ["course", "name"]
        constraints = [
            UniqueRule(
                name="room_name_unique",
                fields=["course", "name"],
                field="name",
                code="name_taken",
                message=_("Another chat room of this course has this name already."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ChatMember(Audited):
    """A person in a room."""

    class Role(models.TextChoices):
        MEMBER = "member", _("member")
        MODERATOR = "moderator", _("moderator")

    course_path = "room__course"
    person_path = "user"
    natural_key_fields = ("room", "user")

    room = models.ForeignKey(
        ChatRoom,
        models.PROTECT,
        related_name="members",
        db_index=False,
        verbose_name=_("chat room"),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="chat_memberships",
        verbose_name=_("person"),
    )
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.MEMBER)
    joined_at = models.DateTimeField(_("joined"), auto_now_add=True)
    last_read_at = models.DateTimeField(_("last read"), null=True, blank=True)

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("chat member")
        verbose_name_plural = _("chat members")
        ordering = ["room", "id"]
        constraints = [
            UniqueRule(
                name="chat_member_unique",
                fields=["room", "user"],
                field="user",
                code="already_member",
                message=_("This person is in the room already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} – {self.room}"


class ChatMessage(Referable):
    """What somebody says in a room. History keeps who and when, not what."""

    course_path = "room__course"
    author_path = "author"
    person_path = "author"
    history_excludes = ("body",)
    personal = Personal(of="author", fields=("body",))
    set_by_actions = ("is_hidden",)

    room = models.ForeignKey(
        ChatRoom, models.PROTECT, related_name="messages", verbose_name=_("chat room")
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="chat_messages",
        verbose_name=_("author"),
    )
    body = ParagraphField(_("text"), max_length=4000)
    is_hidden = models.BooleanField(_("hidden"), default=False)
    sent_at = models.DateTimeField(_("sent"), auto_now_add=True)
    edited_at = models.DateTimeField(_("edited"), null=True, blank=True)

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("chat message")
        verbose_name_plural = _("chat messages")
        ordering = ["-sent_at", "-id"]

    def __str__(self) -> str:
        return f"{self.author}, {self.sent_at:%Y-%m-%d %H:%M}"
