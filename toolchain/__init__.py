"""How each outside tool is found: on PATH, else its vendor's release, else made from its module or package.

Standard library only: it is what everything else is set up with. `python -m toolchain` is the command line.
"""

from toolchain.resolve import ensure, ensure_all, find

__all__ = ["ensure", "ensure_all", "find"]
