"""The grading desk: the queue of an assessment's work, and one piece of work at a time."""
