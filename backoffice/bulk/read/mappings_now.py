"""Whether what a file was read with still stands: its mappings may be changed after a preview."""

from backoffice.bulk.kinds.own_columns import lasting_name
from backoffice.bulk.models import Batch
from backoffice.bulk.read.assessment_mapping import codes_by_course
from backoffice.bulk.read.value_mapping import own_mappings_of
from backoffice.bulk.values.cells import plain_word


def are_mappings_as_read(batch: Batch) -> bool:
    """Whether every mapping that the file uses says what it said. No query if it uses none."""
    return _are_columns_as_read(batch) and _are_words_as_read(batch)


def _are_columns_as_read(batch: Batch) -> bool:
    own = batch.own_assessments
    if not own.get("mapped"):
        return True
    used = {lasting_name(own["dialect"], header): code for header, code in own["mapped"].items()}
    stored = codes_by_course(own["dialect"], used).get(tuple(own["course"]), {})
    return all(stored.get(name) == code for name, code in used.items())


def _are_words_as_read(batch: Batch) -> bool:
    if not (batch.own_headers or batch.own_values):
        return True
    headers, words = own_mappings_of(batch.kind)
    return all(headers.get(name) == column for name, column in batch.own_headers.items()) and all(
        words.get(column, {}).get(plain_word(word)) == meaning
        for column, used in batch.own_values.items()
        for word, meaning in used.items()
    )
