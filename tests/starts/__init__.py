"""The commands of the README in fresh clones, wherever they lie and whatever they run on.

Not part of `make test`: `make try-starts` runs them all, `.ci/run` those marked `quick`.
"""
