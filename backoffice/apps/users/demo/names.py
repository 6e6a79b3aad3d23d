"""Names of people of many languages, each in its own script."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from unicodedata import normalize

from faker import Faker

POOL = 80  # names drawn once for each kind of name; a call of Faker per person would take seconds
PERSON = ["faker.providers.person"]  # the other providers take ten times as long to load
SECOND_NAME = 0.2  # how many people of a culture that has such have a second given name
WITH_SECOND_NAME = ("en", "en-GB", "en-NG", "de", "fr", "es", "pt-BR", "sv")
Names = tuple[str, ...]


@dataclass(frozen=True)
class Culture:
    """Given and family names of one language, of women and of men."""

    language: str
    timezone: str
    women: tuple[Names, Names]
    men: tuple[Names, Names]

    def name(self, chance: Random) -> tuple[str, str]:
        first_names, families = chance.choice((self.women, self.men))
        first, last = chance.choice(first_names), chance.choice(families)
        if self.language in WITH_SECOND_NAME and chance.random() < SECOND_NAME:
            first = f"{first} {chance.choice([name for name in first_names if name != first])}"
        if self.language == "es":  # a Spaniard has the father's family name, then the mother's
            last = f"{last} {chance.choice(families)}"
        return first, last


def _by_faker(language: str, timezone: str, locale: str) -> Culture:
    fake = Faker(locale, providers=PERSON)
    fake.seed_instance(0)
    return Culture(
        language,
        timezone,
        (_pool(fake.first_name_female), _pool(fake.last_name_female)),
        (_pool(fake.first_name_male), _pool(fake.last_name_male)),
    )


def _pool(draw: Callable[[], str]) -> Names:
    # Some of Faker's Tamil names are not composed, and some end in a comma or semicolon.
    return tuple(normalize("NFC", draw()).strip(",;") for _ in range(POOL))


def _by_hand(language: str, timezone: str, women: str, men: str, families: str) -> Culture:
    last = tuple(families.split())
    return Culture(language, timezone, (tuple(women.split()), last), (tuple(men.split()), last))


CULTURES = (
    _by_faker("en", "Europe/Dublin", "en_IE"),
    _by_faker("en-GB", "Europe/London", "en_GB"),
    _by_faker("de", "Europe/Berlin", "de_DE"),
    _by_faker("fr", "Europe/Paris", "fr_FR"),
    _by_faker("es", "Europe/Madrid", "es_ES"),
    _by_faker("pt-BR", "America/Sao_Paulo", "pt_BR"),
    _by_faker("pl", "Europe/Warsaw", "pl_PL"),
    _by_faker("cs", "Europe/Prague", "cs_CZ"),
    _by_faker("is", "Atlantic/Reykjavik", "is_IS"),
    _by_faker("sv", "Europe/Stockholm", "sv_SE"),
    _by_faker("tr", "Europe/Istanbul", "tr_TR"),
    _by_faker("ru", "Europe/Moscow", "ru_RU"),
    _by_faker("uk", "Europe/Kyiv", "uk_UA"),
    _by_faker("el", "Europe/Athens", "el_GR"),
    _by_faker("ar", "Africa/Cairo", "ar_AA"),  # Faker's ar_EG has English names
    _by_faker("he", "Asia/Jerusalem", "he_IL"),
    _by_faker("fa", "Asia/Tehran", "fa_IR"),
    _by_faker("hi", "Asia/Kolkata", "hi_IN"),
    _by_faker("bn", "Asia/Dhaka", "bn_BD"),
    _by_faker("ta", "Asia/Colombo", "ta_IN"),
    _by_faker("th", "Asia/Bangkok", "th_TH"),
    _by_faker("zh-CN", "Asia/Shanghai", "zh_CN"),
    _by_faker("ja", "Asia/Tokyo", "ja_JP"),
    _by_faker("ko", "Asia/Seoul", "ko_KR"),
    _by_faker("vi", "Asia/Ho_Chi_Minh", "vi_VN"),
    _by_faker("ka", "Asia/Tbilisi", "ka_GE"),
    _by_faker("hy", "Asia/Yerevan", "hy_AM"),
    _by_faker("en-NG", "Africa/Lagos", "yo_NG"),
    _by_faker("sw", "Africa/Nairobi", "sw"),
    # Faker has no Ethiopian and no Māori names.
    _by_hand(
        *("am", "Africa/Addis_Ababa"),
        "ሰላም ሕይወት ትዕግስት ቤተልሔም ማርታ ዘነበች አበባ ሳራ",
        "አበበ ዳዊት ኃይሌ ተስፋዬ ሰለሞን ብርሃኑ ግርማ ዮሐንስ",
        "ተፈራ ገብረማርያም ወልደሚካኤል አለሙ በቀለ ደስታ መንግሥቱ ታደሰ",
    ),
    _by_hand(
        *("mi", "Pacific/Auckland"),
        "Aroha Mārama Ngāio Anahera Hinewai Kahurangi Mereana Rāwinia",
        "Tāne Wiremu Rangi Hēmi Tamati Hōne Rāwiri Tīpene",
        "Parata Ngata Pōmare Tūhoe Whaanga Te-Heuheu Kīngi Waititi",
    ),
)


def person(number: int, culture: Culture | None = None) -> tuple[Culture, str, str]:
    """The culture, given name and family name of a person: the same number, the same person."""
    chance = Random(number)
    culture = culture or chance.choice(CULTURES)
    return culture, *culture.name(chance)
