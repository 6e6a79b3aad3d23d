"""What demo students hand in and what they are told, put together from sentences."""

from random import Random

OPENINGS = (
    "I set out to show one thing only, and to show it with figures everybody can check.",
    "The question looks simple; the first two sources I read give opposite answers.",
    "My grandmother kept a notebook about this, and I begin with what she wrote.",
    "Most textbooks start in the capital. I start in the harbour.",
    "In the lecture we met three explanations. I take the second one seriously.",
)
MIDDLES = (
    "The table on the second page compares the years before and after the change.",
    "Two of the five interviews say the contrary, and I quote both at length.",
    "If the model is right, the effect should vanish in winter. It does not quite.",
    "I counted twice, on different days, and give both numbers.",
    "The older map is wrong by half a mile, which explains the quarrel of 1874.",
    "What the author calls a tradition is, by his own dates, eleven years old.",
    "A linear fit is good enough up to the fourth measurement and useless after it.",
    "The translation leaves out a sentence; I put it back, and the argument turns.",
    "The committee's minutes are silent here, and silence is evidence as well.",
    "I could not get hold of the original data and say so wherever it matters.",
    "Where the two methods disagree I follow the one with fewer assumptions.",
)
ENDINGS = (
    "So the answer is a careful yes, with one exception that deserves its own essay.",
    "I end with what I would measure next if I had another month.",
    "The simple story is not wrong; it is the last chapter of a longer one.",
    "None of this decides the question, but it shows where to look.",
)
FEEDBACK = (
    "A good beginning; look at the margin notes.",
    "Clearly argued. The second table needs a source.",
    "You say it three times; once, with an example, would be stronger.",
    "Well found evidence. Tell the reader earlier what it is for.",
    "Correct throughout. Next time take a position.",
)
REVIEWS = (
    "Clear from the first line. The second table needs a source.",
    "I learned something. The middle part could be shorter.",
    "Good examples; I did not find the place you quote on page four.",
)


def essay(number: int) -> str:
    """A text of two paragraphs; the same number gives the same text."""
    chance = Random(number)
    first = [chance.choice(OPENINGS), *chance.sample(MIDDLES, 2)]
    second = [*chance.sample(MIDDLES, 2), chance.choice(ENDINGS)]
    return " ".join(first) + "\n\n" + " ".join(second)
