"""What ends a run early."""


class BenchmarkError(Exception):
    """The benchmark cannot go on; a text that says why, for people."""
