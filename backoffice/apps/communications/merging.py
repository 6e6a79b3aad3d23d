"""What becomes of what somebody wrote, and of chat rooms, when two records of one are merged."""

from django.utils.translation import gettext_lazy as _

from backoffice.apps.communications.models import ChatMember
from backoffice.apps.users.merging.policies import Pair, declare, folds

BETWEEN = _("A message from one of the two records to the other remains between them.")

declare("communications.announcement", "author", moves=True)
declare("communications.chatroom", "created_by", moves=True)
declare("communications.chatmessage", "author", moves=True)
declare("communications.forumtopic", "author", moves=True)
declare("communications.forumpost", "author", moves=True)
declare("communications.directmessage", "sender", "recipient", moves=True, between=BETWEEN)


@folds("communications.chatmember", "user")
def fold_members(pair: Pair) -> ChatMember:
    """The survivor's: a moderator where one of the two is; joined first, and read last."""
    own, other = pair.own, pair.other
    roles = {own.role, other.role}
    own.role = max(roles, key=lambda role: role == ChatMember.Role.MODERATOR)
    own.joined_at = min(own.joined_at, other.joined_at)
    times = [row.last_read_at for row in (own, other) if row.last_read_at]
    own.last_read_at = max(times, default=None)
    return own
