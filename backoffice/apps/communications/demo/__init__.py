"""The talk of the demo school: forums, messages, announcements, chat."""

from django.db import transaction

from backoffice.apps.communications.demo.chatter import add_talk, announcements, chatter
from backoffice.apps.communications.demo.phrases import ANNOUNCEMENTS, MESSAGES
from backoffice.apps.communications.models import Announcement, DirectMessage
from backoffice.apps.courses.demo import running_courses
from backoffice.apps.users.models import User
from backoffice.audit.record.bulk_create import create_all
from backoffice.operations.demo import Scale, demo_part, ensure

FEW = 4


@demo_part("communications", order=4)
def talk(scale: Scale) -> None:
    """A forum and a chat room for each course under way, news and messages; and more of them."""
    _talk()
    if scale.tended:
        chatter(scale)


@transaction.atomic
def _talk() -> None:
    for course in running_courses().select_related("instructor"):
        add_talk(course, FEW)
    registrar = User.objects.filter(username="registrar").first()
    if registrar and not Announcement.objects.filter(author=registrar).exists():
        create_all(announcements(registrar, ANNOUNCEMENTS))
    for sender, recipient, subject, body in MESSAGES:
        people = User.objects.in_bulk([sender, recipient], field_name="username")
        if len(people) == 2:
            parties = {"sender": people[sender], "recipient": people[recipient]}
            ensure(DirectMessage, {**parties, "subject": subject}, body=body)
