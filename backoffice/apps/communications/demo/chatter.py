"""The talk of a larger demo school's courses."""

from collections.abc import Iterator
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from backoffice.apps.communications.demo.phrases import CHAT, COURSE_ANNOUNCEMENTS, TOPICS
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
from backoffice.apps.courses.demo.content import tended
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import User
from backoffice.audit.record.bulk_create import create_all
from backoffice.operations.demo import Scale

TALKING = 12  # people of a course who write in forum and chat
ROUNDS = 3  # how often each of them says something in the chat


def chatter(scale: Scale) -> None:
    """A forum, a chat room and news for each tended course, letters between its instructors."""
    scale.log("Forums, chat and news …")
    instructors: dict[int, User] = {}
    for _entry, course in tended(scale):
        people = _people(course)
        if people and course.instructor:
            instructors[course.instructor.pk] = course.instructor
            _talk(course, people)
    _write(list(instructors.values()))


def _people(course: Course) -> list[int]:
    rows = course.enrollments.order_by("pk").values_list("student_id", flat=True)
    return list(rows[:TALKING])


@transaction.atomic
def _talk(course: Course, people: list[int]) -> None:
    """Once: a course with a forum has its talk already."""
    if course.forums.exists():
        return
    forums = create_all([Forum(course=course, title="Questions and answers")])
    topics = create_all(
        ForumTopic(forum=forums[0], title=title, author_id=people[number % len(people)])
        for number, (title, _question_text, _answer) in enumerate(TOPICS)
    )
    create_all(_answers(course, create_all(_questions(topics))))
    _chat(course, people)
    create_all(_announcements(course))


def _questions(topics: list[ForumTopic]) -> Iterator[ForumPost]:
    for topic, (_title, question_text, _answer) in zip(topics, TOPICS, strict=True):
        yield ForumPost(topic=topic, author_id=topic.author_id, body=question_text)


def _answers(course: Course, questions: list[ForumPost]) -> Iterator[ForumPost]:
    for question, (_title, _question_text, answer) in zip(questions, TOPICS, strict=True):
        if answer:
            author = course.instructor
            yield ForumPost(topic=question.topic, author=author, body=answer, parent=question)


def _chat(course: Course, people: list[int]) -> None:
    room = ChatRoom(course=course, name="Study group", created_by=course.instructor)
    create_all([room])
    create_all(ChatMember(room=room, user_id=person) for person in people)
    create_all(
        ChatMessage(
            room=room, author_id=people[number % len(people)], body=CHAT[number % len(CHAT)]
        )
        for number in range(ROUNDS * len(people))
    )


def _announcements(course: Course) -> Iterator[Announcement]:
    now = timezone.now()
    for title, body, days in COURSE_ANNOUNCEMENTS:
        begin, end = (None if each is None else now + timedelta(days=each) for each in days)
        yield Announcement(
            course=course,
            author=course.instructor,
            title=title,
            body=body,
            publish_at=begin,
            expires_at=end,
        )


@transaction.atomic
def _write(instructors: list[User]) -> None:
    """Each instructor asks the next one something, once."""
    subject = "A room for the examination"
    known = set(DirectMessage.objects.filter(subject=subject).values_list("sender_id", flat=True))
    create_all(
        DirectMessage(
            sender=sender,
            recipient=recipient,
            subject=subject,
            body="Is yours large enough for both our courses?",
        )
        for sender, recipient in zip(instructors, instructors[1:], strict=False)
        if sender.pk not in known
    )
