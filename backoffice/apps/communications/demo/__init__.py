"""The talk of the demo school: forums, messages, announcements, chat."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from backoffice.apps.communications.demo.chatter import chatter
from backoffice.apps.communications.demo.phrases import (
    ANNOUNCEMENTS,
    COURSE_ANNOUNCEMENTS,
    MESSAGES,
    TOPICS,
)
from backoffice.apps.communications.models import (
    Announcement,
    ChatMember,
    ChatMessage,
    ChatRoom,
    DirectMessage,
    Forum,
    ForumPost,
    ForumTopic,
)
from backoffice.apps.courses.demo import running_courses
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import User
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
    _announcements()
    for course in running_courses().select_related("instructor"):
        students = list(User.objects.filter(enrollments__course=course).order_by("username")[:FEW])
        if students:
            _forum(course, students)
            _room(course, students)
    _messages()


def _forum(course: Course, students: list[User]) -> None:
    forum = ensure(Forum, {"course": course, "title": "Questions and answers"})
    for number, (title, question_text, answer) in enumerate(TOPICS):
        author = students[number % len(students)]
        topic = ensure(ForumTopic, {"forum": forum, "title": title}, author=author)
        question = ensure(ForumPost, {"topic": topic, "author": author}, body=question_text)
        if course.instructor and answer:
            key = {"topic": topic, "author": course.instructor}
            ensure(ForumPost, key, body=answer, parent=question)
    ensure(
        ForumPost,
        {"topic": topic, "author": students[0]},
        body="Selling last year's answers, cheap!",
        is_hidden=True,
        hidden_reason="An offer of other people's work.",
    )


def _room(course: Course, students: list[User]) -> None:
    room = ensure(ChatRoom, {"course": course, "name": "Study group"}, created_by=course.instructor)
    bodies = ("Shall we meet on Thursday?", "Thursday is fine, at four?", "I bring the maps.", "👍")
    for student, body in zip(students, bodies, strict=False):
        ensure(ChatMember, {"room": room, "user": student})
        ensure(ChatMessage, {"room": room, "author": student}, body=body)


def _announcements() -> None:
    registrar = User.objects.filter(username="registrar").first()
    for announcement in ANNOUNCEMENTS if registrar else ():
        _announce(registrar, None, *announcement)
    for course in running_courses().select_related("instructor"):
        for announcement in COURSE_ANNOUNCEMENTS if course.instructor else ():
            _announce(course.instructor, course, *announcement)


def _announce(
    author: User | None, course: Course | None, title: str, body: str, days: tuple[int | None, ...]
) -> None:
    """`days` from now it stands, and is taken down; None is a draft, or stays."""
    begin, end = (None if each is None else timezone.now() + timedelta(days=each) for each in days)
    ensure(
        Announcement,
        {"title": title, "author": author, "course": course},
        body=body,
        priority="urgent" if title.isupper() else "normal",
        publish_at=begin,
        expires_at=end,
    )


def _messages() -> None:
    for sender, recipient, subject, body in MESSAGES:
        people = User.objects.in_bulk([sender, recipient], field_name="username")
        if len(people) == 2:
            _send(people[sender], people[recipient], subject, body)


def _send(sender: User, recipient: User, subject: str, body: str) -> None:
    key = {"sender": sender, "recipient": recipient, "subject": subject}
    ensure(DirectMessage, key, body=body)
