"""What demo students hand in, by Faker, and what they are answered."""

from random import Random

from faker import Faker

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
POOL = 200  # paragraphs, drawn once: Faker is slow, and the large school has 60,000 essays
_fake = Faker("en_US", providers=["faker.providers.lorem"])
_fake.seed_instance(0)
_PARAGRAPHS = tuple(_fake.paragraph(nb_sentences=4) for _ in range(POOL))


def essay(chance: Random) -> str:
    return "\n\n".join(chance.sample(_PARAGRAPHS, 2))
