"""DotMotif's motif files, read into the typed form of MATCH. docs/dotmotif.md says what they mean here.

dotmotif.lark   the grammar
parser.py       from a text to its typed form
macros.py       macros expanded: the plain statements of a motif
reader.py       from these to the typed form
"""
