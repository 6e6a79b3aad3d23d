"""Why a file is not written."""


class ExportRefused(ValueError):
    """What was asked for cannot be made; the sentence says what to do instead."""
