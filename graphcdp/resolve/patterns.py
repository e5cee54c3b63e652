"""Which regular expressions the rules may hold: those that answer quickly on any value.

Python's engine tries all ways to match; repeats inside repeats make it try for
years on a value of a hundred characters, and nothing can stop it meanwhile.
"""

import re

PATTERN_LENGTH_MAX = 500
UNBOUNDED_MAX = 4
"""How many `*`, `+` and `{n,}` one pattern may have: each multiplies the time by the value's length."""
CHOICES_MAX = 10
"""How many `?`, `{n,m}` and groups of alternatives: each may double the time."""

_FLAGS = re.compile(r"\(\?[aiLmsux-]")
_REPEAT = re.compile(r"[*+?]|\{(\d*)(,?)(\d*)\}")


def compiled(pattern: str) -> re.Pattern[str]:
    """The expression that a whole value, in any case, is compared with.

    Raises ValueError with the reason why the pattern cannot be used.
    """
    if len(pattern) > PATTERN_LENGTH_MAX:
        raise ValueError(f"a pattern has at most {PATTERN_LENGTH_MAX} characters")
    try:
        expression = re.compile(pattern, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{pattern[:100]!r} is no regular expression: {error}") from error
    _check_speed(pattern)
    return expression


def _check_speed(pattern: str) -> None:
    if _FLAGS.search(pattern):
        raise ValueError(f"{pattern[:100]!r} sets flags: leave them out, values are compared in any case as it is")
    unbounded = choices = 0
    # For each open group whether it holds a repeat, and whether it holds alternatives.
    open_groups = [(False, False)]
    ambiguous = False
    place = 0
    while place < len(pattern):
        repeat = _repeat_at(pattern, place)
        if repeat:
            if _many(repeat) and ambiguous:
                raise ValueError(
                    f"{pattern[:100]!r} may take too long: it repeats a group that holds repeats or alternatives; "
                    f"write a class such as [ab], or repeat less"
                )
            unbounded += _is_unbounded(repeat)
            choices += not _is_unbounded(repeat) and not repeat[0].strip("{}").isdigit()
            open_groups[-1] = (True, open_groups[-1][1])
            ambiguous = False
            place = repeat.end()
            continue
        ambiguous = False
        if pattern[place] == "(":
            open_groups.append((False, False))
        elif pattern[place] == ")":
            repeats, alternatives = open_groups.pop()
            choices += alternatives
            ambiguous = repeats or alternatives
            open_groups[-1] = (open_groups[-1][0] or ambiguous, open_groups[-1][1])
        elif pattern[place] == "|":
            open_groups[-1] = (open_groups[-1][0], True)
        place = _after(pattern, place)
    if unbounded > UNBOUNDED_MAX or choices > CHOICES_MAX:
        raise ValueError(
            f"{pattern[:100]!r} may take too long: it has {unbounded} of * and + and {choices} of ? and groups of "
            f"alternatives; the most is {UNBOUNDED_MAX} and {CHOICES_MAX}"
        )


def _repeat_at(pattern: str, place: int) -> re.Match[str] | None:
    repeat = _REPEAT.match(pattern, place)
    if repeat is None or repeat[0] == "{}":
        return None
    # After an opening bracket a question mark says of which sort the group is.
    return None if repeat[0] == "?" and pattern[place - 1 : place] == "(" else repeat


def _is_unbounded(repeat: re.Match[str]) -> bool:
    return repeat[0] in ("*", "+") or (repeat[2] == "," and not repeat[3])


def _many(repeat: re.Match[str]) -> bool:
    """Whether this repeats more than once."""
    if _is_unbounded(repeat):
        return True
    if repeat[0] == "?":
        return False
    return int(repeat[3] if repeat[2] else repeat[1]) > 1


def _after(pattern: str, place: int) -> int:
    """Where the next item begins: after an escape, a class or one character."""
    if pattern[place] == "\\":
        return place + 2
    if pattern[place] != "[":
        return place + 1
    end = place + 1
    if pattern[end : end + 1] == "^":
        end += 1
    # A bracket that comes first stands for itself.
    end += 1
    while end < len(pattern) and pattern[end] != "]":
        end += 2 if pattern[end] == "\\" else 1
    return end + 1
