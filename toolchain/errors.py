"""The one kind of failure that is shown to people as it is: what is wrong and the way out, in one line."""

from __future__ import annotations


class UserError(Exception):
    """A failure that its reader can act on.

    The message is one or a few plain lines: what is wrong, then what to do about it. Entry points print it
    without a traceback and exit with status 1.
    """
