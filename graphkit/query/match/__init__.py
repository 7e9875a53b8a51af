"""MATCH: patterns of neurons and connections, the exact form of questions about circuits.

match.lark     the grammar; what English has too comes from english.lark
parser.py      from a text to its typed form (graphkit.query.ir.Match); complaint.py what to say where that fails
reader.py      the whole question; shape.py and where.py its pattern and its WHERE
text.py        from the typed form to a text that parses to it; calls.py from the arguments of brain.match
check.py       what makes a pattern senseless, whoever made it
columns.py     the columns of the answer; symmetry.py, first.py which match stands for those that are the same
bound.py       the pattern that graphkit.motifs.search takes; walks.py its connections of several steps
joined.py      the pattern as one SELECT; edges.py the connections that an edge can be
"""
