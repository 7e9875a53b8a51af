"""English questions: parsed (english.lark) and resolved against a dataset's vocabulary into the typed form.

parser.py      the grammar, and from a text to its form
source.py      the question's text with its dataset: where errors are placed; leaves of the tree
places.py      regions, and the neurons that belong to them;  boxes.py: boxes and lengths
where.py       conditions on columns
sets.py        sets of neurons
parts.py       what may follow a question: in, among, with, by, limit
questions.py   one function a question; those about paths and the like in graph_questions.py, others in *_questions.py
named_motifs.py   motifs by their names, which become patterns
rephrased.py   what was probably meant by a text that is no question; its rules also in words_of_*.py and slips_in_clauses.py
errorless.py   an error model with a question that takes none
"""

from graphkit.query.english.parser import parse_english, parse_set

__all__ = ["parse_english", "parse_set"]
