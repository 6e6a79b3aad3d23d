"""Forum, chat and news of the demo school's courses."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from backoffice.apps.communications.demo.phrases import CHAT, COURSE_ANNOUNCEMENTS, TOPICS, NewsRow
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
    scale.log("Forums, chat and news …")
    instructors: dict[int, User] = {}
    for _entry, course in tended(scale):
        if course.instructor:
            instructors[course.instructor.pk] = course.instructor
            add_talk(course, TALKING)
    _write(list(instructors.values()))


@transaction.atomic
def add_talk(course: Course, most: int) -> None:
    """Add forum, chat and news to a course that has people but no forum; at most so many talk."""
    people = list(course.enrollments.order_by("pk").values_list("student_id", flat=True)[:most])
    if not people or course.forums.exists():
        return
    forums = create_all([Forum(course=course, title="Questions and answers")])
    topics = create_all(
        ForumTopic(forum=forums[0], title=title, author_id=people[number % len(people)])
        for number, (title, _question_text, _answer) in enumerate(TOPICS)
    )
    create_all(_answers(course, create_all(_questions(topics))))
    create_all([_hidden_post(topics[-1])])
    _chat(course, people)
    if course.instructor:
        create_all(announcements(course.instructor, COURSE_ANNOUNCEMENTS, course))


def _questions(topics: list[ForumTopic]) -> Iterator[ForumPost]:
    for topic, (_title, question_text, _answer) in zip(topics, TOPICS, strict=True):
        yield ForumPost(topic=topic, author_id=topic.author_id, body=question_text)


def _answers(course: Course, questions: list[ForumPost]) -> Iterator[ForumPost]:
    for question, (_title, _question_text, answer) in zip(questions, TOPICS, strict=True):
        if answer and course.instructor:
            author = course.instructor
            yield ForumPost(topic=question.topic, author=author, body=answer, parent=question)


def _hidden_post(topic: ForumTopic) -> ForumPost:
    return ForumPost(
        topic=topic,
        author_id=topic.author_id,
        body="Selling last year's answers, cheap!",
        is_hidden=True,
        hidden_reason="An offer of other people's work.",
    )


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


def announcements(
    author: User, rows: Iterable[NewsRow], course: Course | None = None
) -> Iterator[Announcement]:
    """News by one person, published and removed so many days from now; None: never."""
    for title, body, days in rows:
        begin, end = (
            None if each is None else timezone.now() + timedelta(days=each) for each in days
        )
        yield Announcement(
            course=course,
            author=author,
            title=title,
            body=body,
            priority="urgent" if title.isupper() else "normal",
            publish_at=begin,
            expires_at=end,
        )


@transaction.atomic
def _write(instructors: list[User]) -> None:
    subject = "A room for the examination"
    # A second run writes none again.
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
