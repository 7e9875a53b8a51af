"""Motifs of every kind that DotMotif's documentation and unit tests have, each with the same question in MATCH."""

from __future__ import annotations

__all__ = ["MOTIFS"]

MOTIFS: dict[str, tuple[str, str]] = {
    "connection": ("A -> B", "(A)->(B)"),
    "chain": ("A -> B\nB -> C", "(A)->(B)->(C)"),
    "fan-out": ("A -> B\nA -> C", "(A)->(B), (A)->(C)"),
    "fan-in": ("A -> C\nB -> C", "(A)->(C), (B)->(C)"),
    "feedforward loop": ("A -> B\nB -> C\nA -> C", "(A)->(B)->(C), (A)->(C)"),
    "3-cycle": ("A -> B\nB -> C\nC -> A", "(A)->(B)->(C)->(A)"),
    "reciprocal pair": ("A -> B\nB -> A", "(A)<->(B)"),
    "one-way pair": ("A -> B\nB !> A", "(A)->(B), NOT (B)->(A)"),
    "one-way pair, other sign": ("A -> B\nB ~> A", "(A)->(B), NOT (B)->(A)"),
    "4-cycle": ("A -> B\nB -> C\nC -> D\nD -> A", "(A)->(B)->(C)->(D)->(A)"),
    "4-cycle without diagonals": (
        "# the ring\nA -> B\nB -> C\nC -> D\nD -> A\n\n# no diagonals\nA !> C\nC !> A\nB !> D\nD !> B",
        "(A)->(B)->(C)->(D)->(A), NOT (A)->(C), NOT (C)->(A), NOT (B)->(D), NOT (D)->(B)",
    ),
    "bi-fan": ("A -> C; A -> D; B -> C; B -> D;", "(A)->(C), (A)->(D), (B)->(C), (B)->(D)"),
    "triangle both ways, in nested macros": (
        "both(n, m) {\n  n -> m\n  m -> n\n}\n"
        "triangle(x, y, z) {\n  both(x, y)\n  both(y, z)\n  both(z, x)\n}\ntriangle(A, B, C)",
        "(A)<->(B)<->(C)<->(A)",
    ),
    "one-way triangle, in nested macros": (
        "oneway(n, m) {\n  n -> m  # there\n  m !> n  # and not back\n}\n"
        "triangle(x, y, z) {\n  oneway(x, y)\n  oneway(y, z)\n  oneway(z, x)\n}\ntriangle(P, Q, R)",
        "(P)->(Q)->(R)->(P), NOT (Q)->(P), NOT (R)->(Q), NOT (P)->(R)",
    ),
    "two triangles that share a connection": (
        "tri(a, b, c) { a -> b\n b -> c\n c -> a }\ntri(W, X, Y)\ntri(W, X, Z)",
        "(W)->(X)->(Y)->(W), (X)->(Z)->(W)",
    ),
    "a connection that is said twice": ("A -> B\nA -> B\nB -> A", "(A)<->(B)"),
    "least weight": ("A -> B [weight >= 6]\nB -> A", "(A)-[synapses >= 6]->(B)->(A)"),
    "weights in a range but one": (
        "A -> B [weight <= 9, weight >= 3, weight != 5]",
        "(A)-[synapses <= 9 and synapses >= 3 and synapses != 5]->(B)",
    ),
    "exact weight": ("A -> B [weight == 4]\nB -> C [weight = 4]", "(A)-[synapses = 4]->(B)-[synapses = 4]->(C)"),
    "fractional weight": ("A -> B [weight > 4.5]", "(A)-[synapses >= 5]->(B)"),
    "type": ('A -> B\nA.type = "PEG"\nB.type == "PEN_a"', "(A:PEG)->(B:PEN_a)"),
    "other types": ('A -> B\nA.type != "PEG"\nB.type <> "PEN_a"', "(A where type != PEG)->(B where type != PEN_a)"),
    "part of a type's name": (
        'A -> B\nA.type contains "PE"\nB.type !contains "PE"',
        "(A where type in (PEG, PEN_a))->(B where type = ER4d)",
    ),
    "name within a text": (
        'A -> B\nA.type in "PEN_a or PEG"\nB.type !in "ER4d, PEG"',
        "(A where type in (PEN_a, PEG))->(B where type not in (ER4d, PEG))",
    ),
    "numbers of neurons": (
        "A -> B\nA.inputs >= 250\nB.outputs < 150",
        "(A where inputs >= 250)->(B where outputs < 150)",
    ),
    "neurons and weights at once": (
        'A -> B [weight >= 3]\nA.type = "PEG"\nA.inputs > 100\nA.inputs < 400',
        "(A:PEG where inputs > 100 and inputs < 400)-[synapses >= 3]->(B)",
    ),
    "comparison of two neurons": ("A -> B\nA.inputs > B.inputs", "(A)->(B) WHERE A.inputs > B.inputs"),
    "comparison in brackets": (
        "A -> B\nB -> A\nA[\"type\"] != B['type']",
        "(A)<->(B) WHERE A.type != B.type",
    ),
    "same type": ("A -> B\nB -> C\nA.type = C.type", "(A)->(B)->(C) WHERE A.type = C.type"),
    "comparison of different columns": ("A -> B\nA.outputs > B.inputs", "(A)->(B) WHERE A.outputs > B.inputs"),
    "comparison in a macro": (
        "larger(a, b) { a.inputs >= b.inputs }\nA -> B\nlarger(A, B)",
        "(A)->(B) WHERE A.inputs >= B.inputs",
    ),
    "named connections compared": (
        "A -> B as ab\nA -> C as ac\nab.weight == ac.weight",
        "(A)-[ab]->(B), (A)-[ac]->(C) WHERE ab.synapses = ac.synapses",
    ),
    "named connections in descending order": (
        "A -> B as ab\nB -> C as bc\nC -> D as cd\nab.weight > bc.weight\nbc.weight > cd.weight",
        "(A)-[ab]->(B)-[bc]->(C)-[cd]->(D) WHERE ab.synapses > bc.synapses and bc.synapses > cd.synapses",
    ),
    "named connection with a value": ("A -> B as ab\nB -> A\nab.weight >= 5", "(A)-[synapses >= 5]->(B)->(A)"),
    "named connection in a macro": (
        "strong(a, b) {\n  a -> b as link\n  link.weight >= 5\n}\nstrong(A, B)\nstrong(B, C)",
        "(A)-[synapses >= 5]->(B)-[synapses >= 5]->(C)",
    ),
    "named connections compared in a macro": (
        "falling(a, b, c) {\n  a -> b as first\n  b -> c as second\n  first.weight > second.weight\n}\n"
        "falling(A, B, C)\nfalling(B, C, D)",
        "(A)-[e]->(B)-[f]->(C)-[g]->(D) WHERE e.synapses > f.synapses and f.synapses > g.synapses",
    ),
    "named connection in a nested macro": (
        "inner(a1, b1) { b1 -> a1\n a1 -> b1 as ab }\n"
        "middle(a2, b2) { inner(a2, b2) }\nouter(a3, b3) { middle(a3, b3) }\nouter(A, B)",
        "(A)<->(B)",
    ),
    "neurons that are alike": ("A -> C\nB -> C\nA === B", "(A)->(C), (B)->(C)"),
    "neurons that are alike, by one type": (
        'A -> C\nB -> C\nA === B\nA.type = "PEG"',
        "(A:PEG)->(C), (B:PEG)->(C)",
    ),
    "ordered ids": ("A -> B\nB -> A\nA.id < B.id", "(A)<->(B) WHERE A.id < B.id"),
    "inhibition": ("A -| B\nB -> A", "(A)-[nt = gaba]->(B)->(A)"),
    "excitation and inhibition": ("A -+ B\nB -| C", "(A)-[nt = acetylcholine]->(B)-[nt = gaba]->(C)"),
    "no inhibition back": ("A -> B\nB !| A", "(A)->(B), NOT (B)-[nt = gaba]->(A)"),
    "autapse": ("A -> A\nA -> B", "(A)->(A), (A)->(B)"),
    "no weak connection back": (
        "A -> B [weight >= 5]\nB !> A [weight >= 3]",
        "(A)-[synapses >= 5]->(B), NOT (B)-[synapses >= 3]->(A)",
    ),
}
