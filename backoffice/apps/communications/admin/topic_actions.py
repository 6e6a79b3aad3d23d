"""Moderation on the admin site: forums and topics are locked, topics pinned."""

import functools

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.apps.communications.models import Forum, ForumTopic
from backoffice.apps.communications.moderating import lock, pin
from backoffice.audit.admin_kit.actions import ActionForm, ReasonForm, RowAction

ModerationAction = functools.partial(RowAction, verb="moderate")


class LockActionsMixin:
    """The row actions `lock` and `unlock` of forums and of topics."""

    @ModerationAction(
        _("Lock"),
        icon="lock",
        text=_("It can be read, but takes no new posts."),
        when=lambda row: not row.is_locked,
        refusal=_("It is locked already."),
        in_bulk=True,
    )
    def lock(self, form: ReasonForm, row: Forum | ForumTopic) -> str:
        lock(row, is_locked=True)
        return gettext("“%(topic)s” is locked.") % {"topic": row}

    @ModerationAction(
        _("Unlock"),
        icon="lock_open",
        form=ActionForm,
        when=lambda row: row.is_locked,
        refusal=_("It is not locked."),
        in_bulk=True,
    )
    def unlock(self, form: ActionForm, row: Forum | ForumTopic) -> str:
        lock(row, is_locked=False)
        return gettext("“%(topic)s” takes posts again.") % {"topic": row}


class TopicActionsMixin(LockActionsMixin):
    """The row actions of topics: besides those `pin` and `unpin`."""

    @ModerationAction(
        _("Pin"),
        icon="push_pin",
        text=_("It stands above the other topics."),
        form=ActionForm,
        when=lambda topic: not topic.is_pinned,
        refusal=_("It is pinned already."),
    )
    def pin(self, form: ActionForm, topic: ForumTopic) -> str:
        pin(topic, is_pinned=True)
        return gettext("“%(topic)s” is pinned.") % {"topic": topic}

    @ModerationAction(
        _("Unpin"),
        icon="keep_off",
        form=ActionForm,
        when=lambda topic: topic.is_pinned,
        refusal=_("It is not pinned."),
    )
    def unpin(self, form: ActionForm, topic: ForumTopic) -> str:
        pin(topic, is_pinned=False)
        return gettext("“%(topic)s” stands with the others again.") % {"topic": topic}
