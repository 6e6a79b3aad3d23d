"""What people of the demo school write to each other."""

NewsRow = tuple[str, str, tuple[int | None, int | None]]

TOPICS = (
    (
        "Where is the reading list?",
        "I found the first chapter, but not the list. Where is it?",
        "In the first module, under “Reading”. I have moved it to the top.",
    ),
    (
        "How long may the essay be?",
        "The task says about 1,500 words. Do footnotes count?",
        "They do not, as long as they hold references only.",
    ),
    ("Study group on Thursdays?", "A few of us meet in the library at four. Who else comes?", ""),
    (
        "A mistake in exercise three",
        "The second line should say “at most”, I think: with “at least” nothing follows.",
        "You are right, thank you. The new version is in the module.",
    ),
    (
        "Late for a good reason",
        "My train stands in the snow. May I hand in tomorrow?",
        "Late work is accepted until Friday; it is marked as late.",
    ),
)
# title, text, days from now until it stands, and until it is taken down
ANNOUNCEMENTS = (
    ("Enrollment closes on Friday", "Changes after Friday need the dean's signature.", (0, None)),
    ("The library opens at seven from now on", "On Saturdays at nine.", (-12, None)),
    ("WATER DAMAGE IN BUILDING C", "Courses of building C meet in the old gym.", (-1, 6)),
    ("Graduation is on the last Saturday of June", "Invitations follow in spring.", (9, 60)),
    ("Dates of the next term", "To be confirmed by the senate before it goes out.", (None, None)),
    ("Welcome to the new term", "The first week is for finding your way.", (-80, -20)),
)
COURSE_ANNOUNCEMENTS = (
    ("No meeting on Wednesday", "Read the second chapter instead.", (-2, 5)),
    ("A guest from practice", "Bring your questions, in writing if you can.", (4, 20)),
    ("What the examination covers", "All but the last chapter. To be agreed.", (None, None)),
)  # fmt: skip
# from, to, subject, text; registrars take no part in this correspondence
MESSAGES = (
    (
        "instructor",
        "instructor2",
        "A student in both our courses",
        "One student of mine says your exercise is due on the day of my exam. Can you move it?",
    ),
    (
        "instructor2",
        "instructor",
        "Re: A student in both our courses",
        "By two days, yes. I have told them in the forum.",
    ),
    (
        "instructor",
        "instructor2",
        "Rubrics",
        "May I use your rubric for the spring course? I would add a criterion for maps.",
    ),
)
CHAT = (
    "Has anybody understood the second exercise?",
    "Start from the table, not from the text.",
    "Thank you, that helped!",
    "Who brings the notes tomorrow?",
    "I do. Same room as last week?",
    "Room 214, the other one is taken.",
    "明天见！",
    "À demain.",
    "Bis morgen, ich bringe Kekse mit.",
)
