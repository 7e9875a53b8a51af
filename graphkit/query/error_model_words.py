"""`with error model missed 10 % samples 20`: how many graphs are wanted stands in front."""

from __future__ import annotations

import re

__all__ = ["samples_meant"]

_ASKED = re.compile(r"\berror\s+models?\b", re.IGNORECASE)
_WORDS = r"(?:samples?|graphs?|perturbed|repeats?|repetitions?|replicates?|runs?|times|draws?|trials?|n)"
_NUMBERED = re.compile(
    rf"(?:with\s+|,\s*)?(?:{_WORDS}\s*(?:=|of\b)?\s*(?P<after>\d+)|(?P<before>\d+)\s+{_WORDS}|{_WORDS})\b",
    re.IGNORECASE,
)


def samples_meant(text: str, start: int) -> str | None:
    """How to ask where ``text`` stops to be understood at ``start``, at a number of graphs after an error model; else None."""
    found = _NUMBERED.match(text[start:])
    if found is None or not (_ASKED.search(text[:start]) or _ASKED.match(text[start + found.end() :].lstrip())):
        return None
    number = found["after"] or found["before"] or "20"
    return f"The number of perturbed graphs stands before `error model`: with {number} error model missed 10 %."
