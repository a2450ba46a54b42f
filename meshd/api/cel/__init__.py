"""The Common Expression Language, as far as Envoy evaluates it: read here to judge expressions before Envoy sees them.

Envoy refuses a whole listener for one expression it cannot compile.
https://github.com/google/cel-spec/blob/master/doc/langdef.md
"""

from .parser import CelError, parse_cel
from .syntax import Call, Index, Literal, Name, Node, Select, attribute_of, nodes, without_string

__all__ = [
    "Call",
    "CelError",
    "Index",
    "Literal",
    "Name",
    "Node",
    "Select",
    "attribute_of",
    "nodes",
    "parse_cel",
    "without_string",
]
