"""MATCH: patterns of neurons and connections, the exact form of questions about circuits.

match.lark     the grammar; what English has too comes from english.lark
parser.py      from a text to its typed form (graphkit.query.ir.Match)
complaint.py   what to say about a text that cannot be parsed
reader.py      the whole question; shape.py and where.py its pattern and its WHERE
check.py       what makes a pattern senseless, whoever made it
columns.py     the columns of the answer
text.py        from the typed form to a text that parses to it
"""
