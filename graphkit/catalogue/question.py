"""A named question: what a file of the catalogue says of itself, and the text to run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

__all__ = ["KINDS", "Column", "Kind", "Language", "Parameter", "Question"]

Kind = Literal["int", "float", "text", "type", "region", "neuron", "neurons", "transmitter"]
KINDS: tuple[str, ...] = get_args(Kind)

Language = Literal["SQL", "MATCH", "English"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a question lets one choose.

    Attributes:
        default: the value where none is given, as text; "" with ``required`` False: none at all.
        least: of a number.
        choices: of a text; empty: any.
    """

    name: str
    kind: Kind
    meaning: str
    required: bool = True
    default: str = ""
    least: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def optional(self) -> bool:
        """Whether it may be left out altogether: then the lines that name it are."""
        return not self.required and not self.default

    @property
    def allowed(self) -> str:
        """'int >= 1', 'left|right', 'neurons'."""
        if self.choices:
            return "|".join(self.choices)
        return self.kind if self.least is None else f"{self.kind} >= {self.least:g}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the answer. ``unit`` is "" for names and ids."""

    name: str
    unit: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Question:
    """One file of the catalogue.

    Attributes:
        examples: each as it stands on a command line, such as "neurons=EPG min_synapses=5".
        text: what is run, the header left out; parameters stand in it as $name.
        first_line: of the text, in its file.
    """

    name: str
    title: str
    group: str
    about: str
    parameters: tuple[Parameter, ...]
    columns: tuple[Column, ...]
    examples: tuple[str, ...]
    language: Language
    text: str
    path: Path
    first_line: int = 1

    def __repr__(self) -> str:
        return f"<question {self.usage!r}: {self.title}>"

    @property
    def usage(self) -> str:
        """'strongest_inputs neurons=... [region=...]'."""
        words = (f"{p.name}=..." if p.required else f"[{p.name}=...]" for p in self.parameters)
        return " ".join([self.name, *words])
