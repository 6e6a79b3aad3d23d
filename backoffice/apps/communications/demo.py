"""The talk of the demo school: forums, messages, announcements, chat."""

from django.utils import timezone

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
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import User
from backoffice.operations.demo import demo_part, ensure


@demo_part("communications", order=4)
def talk() -> None:
    """A forum and a chat room for each course under way, news and a message."""
    for course in Course.objects.filter(presentation="2026J"):
        _forum(course)
        _room(course)
    _news()


def _students(course: Course) -> list[User]:
    return list(User.objects.filter(enrollments__course=course).order_by("username")[:3])


def _forum(course: Course) -> None:
    forum = ensure(Forum, {"course": course, "title": "Questions and answers"})
    students = _students(course)
    if not students:
        return
    topic = ensure(
        ForumTopic, {"forum": forum, "title": "Where is the reading list?"}, author=students[0]
    )
    question = ensure(
        ForumPost,
        {"topic": topic, "author": students[0]},
        body="I found the first chapter, but not the list. Where is it?",
    )
    if course.instructor:
        ensure(
            ForumPost,
            {"topic": topic, "author": course.instructor},
            body="In the first module, under “Reading”. I have moved it to the top.",
            parent=question,
        )


def _room(course: Course) -> None:
    room = ensure(ChatRoom, {"course": course, "name": "Study group"}, created_by=course.instructor)
    for student in _students(course):
        ensure(ChatMember, {"room": room, "user": student})
        ensure(ChatMessage, {"room": room, "author": student}, body="Shall we meet on Thursday?")


def _news() -> None:
    registrar = User.objects.filter(username="registrar").first()
    instructor = User.objects.filter(username="instructor").first()
    if not (registrar and instructor):
        return
    ensure(
        Announcement,
        {"title": "Enrollment closes on Friday", "author": registrar},
        body="Changes after Friday need the dean's signature.",
        publish_at=timezone.now(),
    )
    ensure(
        DirectMessage,
        {"sender": instructor, "recipient": registrar},
        subject="A late enrollment",
        body="One student asks to join in the second week. Is that still possible?",
    )
