"""Whether a regular expression is one of RE2, the syntax Envoy compiles.

Python's `re` is no judge of that: it takes lookaheads and back-references that RE2 refuses, and refuses
`\\p{L}` and `\\z` that RE2 takes. So the expression is scanned here, without being compiled.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from meshd.api.problem import Problem

MAX_LENGTH = 1024
_REPEAT = re.compile(r"[*+?]|\{(\d+)(,(\d*))?\}")
_GROUP = re.compile(r"\((?:\?(?:P?<[A-Za-z_]\w*>|:|(?=[imsU-]+[):])[imsU]*(?:-[imsU]+)?(?P<end>[:)]))|(?!\?))")
_ESCAPE = re.compile(
    r"\\(?:[dDsSwWafnrtv]|[pP](?:\{\^?\w+\}|[A-Z])|0[0-7]{0,2}|[1-7][0-7]{1,2}"
    r"|x(?:[0-9A-Fa-f]{2}|\{[0-9A-Fa-f]{1,6}\})|[\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e ])"
)
_ASSERTION = re.compile(r"\\[bBAzC]")
_QUOTED = re.compile(r"\\Q.*?(?:\\E|$)", re.DOTALL)
_CLASS_NAME = re.compile(r"\[:\^?(\w+):\]")
_CLASS_NAMES = {
    *("alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph"),
    *("lower", "print", "punct", "space", "upper", "word", "xdigit"),
}
_CONTROLS = dict(zip("afnrtv", "\a\f\n\r\t\v", strict=True))
_LOOKAROUND = ("(?=", "(?!", "(?<=", "(?<!")


def check_regex(regex: str, path: str) -> Iterator[Problem]:
    """A regular expression that Envoy has to compile."""
    if not regex:
        yield Problem(path, regex, "must not be empty")
    elif len(regex) > MAX_LENGTH:
        yield Problem(path, regex, f"must have at most {MAX_LENGTH} characters")
    else:
        try:
            _scan(regex)
        except _SyntaxError as error:
            yield Problem(path, regex, f"is no RE2 regular expression: {error}")


class _SyntaxError(ValueError):
    pass


def _scan(regex: str) -> None:
    depth, position = 0, 0
    repeatable = repeated = False
    while position < len(regex):
        if repeat := _REPEAT.match(regex, position):
            if repeated or not repeatable:
                reason = "follows another one" if repeated else "has nothing to repeat"
                raise _SyntaxError(f"{repeat[0]} at {position} {reason}")
            _check_count(repeat)
            position, repeated = repeat.end(), True
            position += regex.startswith("?", position)  # the shortest match
            continue
        repeated = False
        character = regex[position]
        if character == "(":
            group = _group(regex, position)
            if group["end"] != ")":
                depth, repeatable = depth + 1, False
            position = group.end()
            continue
        if character == ")":
            depth -= 1
            if depth < 0:
                raise _SyntaxError(f") at {position} closes no group")
        position = _atom_end(regex, position)
        repeatable = character != "|"
    if depth:
        raise _SyntaxError(f"{depth} group(s) are not closed with )")


def _atom_end(regex: str, position: int) -> int:
    character = regex[position]
    if character == "[":
        return _class_end(regex, position)
    if character == "\\":
        matched = _QUOTED.match(regex, position) or _ASSERTION.match(regex, position)
        return matched.end() if matched else _escape_end(regex, position)
    return position + 1


def _group(regex: str, position: int) -> re.Match[str]:
    if regex.startswith(_LOOKAROUND, position):
        raise _SyntaxError(f"lookahead and lookbehind at {position} are not supported")
    group = _GROUP.match(regex, position)
    if group is None:
        raise _SyntaxError(f"unknown kind of group {regex[position : position + 4]} at {position}")
    return group


def _escape_end(regex: str, position: int) -> int:
    escape = _ESCAPE.match(regex, position)
    if escape is None:
        text = regex[position : position + 2]
        what = "back-reference" if text[1:].isdigit() else "unknown escape"
        raise _SyntaxError(f"{what} {text} at {position} is not supported")
    return escape.end()


def _check_count(repeat: re.Match[str]) -> None:
    low, high = repeat[1], repeat[3]
    if low and (int(low) > 1000 or (high and (int(high) > 1000 or int(high) < int(low)))):
        raise _SyntaxError(f"{repeat[0]} must count upwards and to 1000 at most")


def _class_end(regex: str, start: int) -> int:
    position = start + 1 + regex.startswith("^", start + 1)
    first = True
    while first or not regex.startswith("]", position):
        if position >= len(regex):
            raise _SyntaxError(f"[ at {start} is not closed with ]")
        low_end = _class_item_end(regex, position)
        high = low_end + 1
        if regex.startswith("-", low_end) and high < len(regex) and regex[high] != "]":
            high_end = _class_item_end(regex, high)
            _check_range(regex[position:low_end], regex[high:high_end])
            low_end = high_end
        position, first = low_end, False
    return position + 1


def _class_item_end(regex: str, position: int) -> int:
    if name := _CLASS_NAME.match(regex, position):
        if name[1] not in _CLASS_NAMES:
            raise _SyntaxError(f"unknown class {name[0]} at {position}")
        return name.end()
    return _escape_end(regex, position) if regex[position] == "\\" else position + 1


def _check_range(low: str, high: str) -> None:
    sets = ("[:", "\\d", "\\D", "\\s", "\\S", "\\w", "\\W", "\\p", "\\P")
    if low.startswith(sets) or high.startswith(sets) or _code_point(low) > _code_point(high):
        raise _SyntaxError(f"{low}-{high} is no range of characters")


def _code_point(item: str) -> int:
    if not item.startswith("\\"):
        return ord(item)
    if item.startswith("\\x"):
        return int(item[2:].strip("{}"), 16)
    if item[1:].isdecimal():
        return int(item[1:], 8)
    return ord(_CONTROLS.get(item[1], item[1]))
