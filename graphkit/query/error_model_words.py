"""Slips in asking for an error model, such as `with error model missed 10 % samples 20`: how it is asked for."""

from __future__ import annotations

import re
from difflib import get_close_matches

__all__ = ["EXAMPLE", "error_model_meant"]

EXAMPLE = "with 20 error model missed 10 %, false 5 %, duplicated 2 %, split 1 %, merged 1 %"

_OTHER_WORDS = {
    "missed": ("lost", "missing", "misses", "undetected", "unfound"),
    "false": ("spurious", "wrong", "extra", "invented"),
    "duplicated": ("double", "doubled", "doubles", "duplicate", "duplicates", "duplication", "duplications", "twice", "repeated"),
    "split": ("splits", "broken", "fragmented"),
    "merged": ("merge", "merges", "mergers", "joined", "fused"),
}  # fmt: skip

_ASKED = re.compile(r"\berror\s+models?\b", re.IGNORECASE)
_WORDS = r"(?:samples?|graphs?|perturbed|repeats?|repetitions?|replicates?|runs?|times|draws?|trials?|n)"
_NUMBERED = re.compile(
    rf"(?:with\s+|,\s*)?(?:{_WORDS}\s*(?:=|of\b)?\s*(?P<after>\d+)|(?P<before>\d+)\s+{_WORDS}|{_WORDS})\b",
    re.IGNORECASE,
)


def error_model_meant(text: str, start: int) -> str | None:
    """How to ask where ``text`` stops to be understood at ``start``, and an error model is meant there; else None."""
    if re.search(r"\bwith\s+(\d+\s+)?$", text[:start], re.IGNORECASE) and re.match(
        r"errors?\b", text[start:], re.IGNORECASE
    ):
        return f"Did you mean `{EXAMPLE}`?"
    if kind := _kind_meant(text, start):
        return f"Did you mean `{kind}`?"
    if re.search(r"\berror\s+models?\s*$", text[:start], re.IGNORECASE):
        return f"Say which errors, and how often: {EXAMPLE}."
    found = _NUMBERED.match(text[start:])
    if found is None or not (_ASKED.search(text[:start]) or _ASKED.match(text[start + found.end() :].lstrip())):
        return None
    number = found["after"] or found["before"] or "20"
    return f"The number of perturbed graphs stands before `error model`: with {number} error model missed 10 %."


def _kind_meant(text: str, start: int) -> str | None:
    """The error that the word at ``start`` stands for, where the rate of one may stand."""
    word = re.match(r"[a-z]+", text[start:].lower())
    if word is None or not re.search(r"\berror\s+models?\s+([^'\"]*[\d%,]\s*)?$", text[:start], re.IGNORECASE):
        return None
    meant = next((kind for kind, words in _OTHER_WORDS.items() if word[0] in words), None)
    return meant or next(iter(get_close_matches(word[0], _OTHER_WORDS, 1, 0.75)), None)
