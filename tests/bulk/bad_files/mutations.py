"""Good files of every kind and format, and ways to spoil any of them.

A mutation takes the bytes of a file and a source of choices. What comes out may still be good.
"""

from collections.abc import Callable, Mapping
from random import Random

from tests.bulk.bad_files import foreign
from tests.bulk.bad_files.case import BadFile
from tests.bulk.bad_files.cells import GOOD, OPTIONS, table
from tests.bulk.bad_files.packing import workbook

Mutation = Callable[[bytes, Random], bytes]
_FOREIGN = {
    "canvas users": ("users", f"{foreign.CANVAS_USERS}\ns2001,a,A,B,a@example.org,active\n"),
    "canvas courses": ("courses", f"{foreign.CANVAS_COURSES}\nX-1,X,X,,active,\n"),
    "canvas enrollments": (
        "enrollments",
        f"{foreign.CANVAS}\nBIO101-2026J,s1003,student,A,active,,\n",
    ),
    "canvas gradebook": ("grades", f'{foreign.GRADEBOOK}\n"O\'Moore, Zoë",1,s1001,z,A,23.5,9\n'),
    "moodle users": ("users", f"{foreign.MOODLE}\nada,Ada,Byron,ada@example.org,s2001,0\n"),
    "moodle flat": ("enrollments", "add,student,s1003,BIO101-2026J,1769904000\n"),
    "oneroster users": (
        "users",
        f"{foreign.ROSTER_USERS}\nu1,,,true,o,student,a,,Ada,Byron,,s2001,ada@example.org\n",
    ),
    "oneroster enrollments": (
        "enrollments",
        f"{foreign.ROSTER}\ne1,,,BIO101-2026J,o,s1003,student\n",
    ),
    "oneroster items": ("assessments", f"{foreign.ITEMS}\nT9,,Nine,BIO101-2026J,0,10,2026-03-01\n"),
    "oneroster results": ("grades", f"{foreign.RESULTS}\nr1,,ESSAY,s1001,fully graded,7,\n"),
    "edx": ("grades", f"{foreign.EDX}\n7,z,s1001,course-v1:S+BIO101+2026J,audit,,Essay,7\n"),
}


def _good_files() -> Mapping[str, BadFile]:
    cases = {}
    for kind in GOOD:
        text, options = table(kind, {}), OPTIONS.get(kind, {})
        for sign in ",;\t":
            name = f"{kind} by {sign!r}"
            cases[name] = BadFile(name, kind, text.replace(",", sign), "", options=options)
    for name, (kind, text) in _FOREIGN.items():
        cases[name] = BadFile(name, kind, text, "")
    cases["workbook"] = BadFile("workbook", "enrollments", workbook(), "")
    return cases


def flip(content: bytes, choose: Random) -> bytes:
    """A byte becomes another."""
    at = choose.randrange(len(content) or 1)
    return content[:at] + bytes([choose.randrange(256)]) + content[at + 1 :]


def cut(content: bytes, choose: Random) -> bytes:
    """The end is missing."""
    return content[: choose.randrange(len(content) + 1)]


def insert(content: bytes, choose: Random) -> bytes:
    """Something stands where it should not."""
    at = choose.randrange(len(content) + 1)
    return content[:at] + choose.choice(STRANGE) + content[at:]


def lose(content: bytes, choose: Random) -> bytes:
    """Some bytes are missing."""
    at = choose.randrange(len(content) + 1)
    return content[:at] + content[at + choose.randrange(12) :]


def repeat(content: bytes, choose: Random) -> bytes:
    """A stretch stands there again."""
    at, to = sorted(choose.randrange(len(content) + 1) for _end in range(2))
    return content[:to] + content[at:to] * choose.choice((1, 2, 300)) + content[to:]


def swap_cells(content: bytes, choose: Random) -> bytes:
    """Two cells, of the header or of rows, change places."""
    cells = content.split(b",")
    one, two = choose.randrange(len(cells)), choose.randrange(len(cells))
    cells[one], cells[two] = cells[two], cells[one]
    return b",".join(cells)


def swap_lines(content: bytes, choose: Random) -> bytes:
    """Lines in another order, each with an end of its own."""
    lines = content.split(b"\n")
    choose.shuffle(lines)
    return b"".join(line + choose.choice((b"\n", b"\r", b"\r\n", b"")) for line in lines)


def replace_cell(content: bytes, choose: Random) -> bytes:
    """A cell holds something else."""
    cells = content.split(b",")
    cells[choose.randrange(len(cells))] = choose.choice(STRANGE)
    return b",".join(cells)


def recode(content: bytes, choose: Random) -> bytes:
    """Another encoding, with or without its mark."""
    text = content.decode("utf-8", "replace")
    names = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp1252", "cp037")
    return text.encode(choose.choice(names), "replace")


def double(content: bytes, choose: Random) -> bytes:
    """The file twice."""
    return content + choose.choice((b"", b"\n", b"\xef\xbb\xbf")) + content


STRANGE = (
    *(b"\0", b'"', b'""', b"'", b",", b";", b"\t", b"\n", b"\r", b"\x1a", b"\x1b", b"\x7f"),
    *(b"\xff", b"\xfe", b"\xe9", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xef\xbf\xbd"),
    *(b"{", b"}", b"{0}", b"{column}", b"%s", b"%(x)s", b"\\", b"\\N", b"\\.", b"<b>", b"=1+1"),
    *(b"1e999", b"NaN", b"-1", b"\xd9\xa1", b"2026-02-30", b"0000-00-00", b"9" * 40, b"N/A"),
    *(
        b"x" * 2_000,
        b",x" * 600,
        b"\xe2\x80\xae",
        b"\xcc\x81" * 40,
        b"\xf0\x9f\x98\x80",
        b"password",
    ),
    *(b"student_id", b"id", b"errors", b"line", b"active", b"s1001", b"s1002", b"BIO101", b"\x85"),
)
MUTATIONS: tuple[Mutation, ...] = (
    *(flip, cut, insert, lose, repeat, swap_cells, swap_lines, replace_cell, recode, double),
)
GOOD_FILES = _good_files()


def spoilt(number: int) -> BadFile:
    """A good file spoilt by chance; the same for the same number."""
    choose = Random(number)
    good = choose.choice(list(GOOD_FILES.values()))
    content = good.read()
    for _step in range(choose.randint(1, 3)):
        content = choose.choice(MUTATIONS)(content, choose)
    return BadFile(f"spoilt {number}: {good.name}", good.kind, content, "", options=good.options)
