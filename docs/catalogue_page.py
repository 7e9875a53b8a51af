"""Makes docs/catalogue.md from the questions themselves.

python docs/catalogue_page.py
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from graphkit.catalogue import Catalogue, Question, shipped_folder

HERE = Path(__file__).parent
FILE = """-- title: Large neurons
-- group: Neurons
-- about: Neurons by their synapses, inputs and outputs together.
-- parameter: neurons neurons = any: only these
-- parameter: min_synapses int >= 1 = 100: inputs and outputs together
-- column: neuron_id: the neuron
-- column: type: its type
-- column: synapses (synapses): inputs and outputs together
-- example: neurons="type 'ER*'"
SELECT neuron_id, type, inputs + outputs AS synapses
FROM neurons
WHERE synapses >= $min_synapses
  AND neuron_id IN (SELECT unnest($neurons))
ORDER BY synapses DESC, neuron_id
"""

HEAD = """# The catalogue

Questions with a name. This page is made from their files by `python docs/catalogue_page.py`; every example is run by a test
against data-samples/ring, or neurons with skeletons where it needs them, and its answer compared with another computation.

    graphkit catalogue                                      what there is
    graphkit catalogue search reciprocal                    what has this word in it
    graphkit catalogue show reciprocal_pairs                parameters, columns, an example
    graphkit catalogue reciprocal_pairs region=EB -d mybrain

In Python: `brain.catalogue.run("reciprocal_pairs", region="EB")`, `brain.catalogue.list()`, `brain.catalogue.search("EB")`;
without a dataset `graphkit.catalogue.Catalogue()`. The options of `graphkit query` for formats, files and limits hold here too.

## Parameters

| kind | what it takes |
|---|---|
| `int`, `float`, `text` | a number, a text; `>= 1` is the least, `left\\|right` are the choices |
| `neurons` | what a question takes: `EPG`, `"type 'ER*', EPG"`, `"neurons of EB"`, `"neurons where inputs > 9"`, an id |
| `neuron` | one neuron: its id or its name |
| `type` | a cell type, wildcards too, or several with commas |
| `region` | a region with what lies below it, or several with commas |
| `transmitter` | a transmitter, or several with commas |

A parameter that is not required can be left out, or be `any`. Names are looked up in the dataset; one that is not there is an
error that suggests others.

## Questions of your own

A question is one file in a folder: `NAME.sql`, `NAME.match` (MATCH) or `NAME.txt` (English). The folders are those given with
`--queries DIR`, those in GRAPHKIT_QUERIES, then {user}, then graphkit's own; of two questions of a name the
first counts. A file with an error is named, with its line and how to mend it; the others work. For example `large.sql`:

```sql
{file}```

A parameter's line is `NAME KIND >= LEAST = DEFAULT: meaning`; without a default it is required, and with the default `any` it
may be left out: then **every line that names it is left out too**. In SQL `$name` is a prepared parameter, never pasted text:
a number or a text, and for names a list, to be used as `IN (SELECT unnest($name))`: ids of neurons, ids of regions (those
below included), types or transmitters as the dataset spells them. In MATCH and English a text of `in left|right` is
the word itself, others become names in quotes, with commas between several: `type ($name)`, `nt in ($name)`, `in region $name`,
and for `neurons` what a question takes there: `(a: $name)`, `inputs of $name`. SQL runs in the same sandbox as
`graphkit query --sql`.
"""


def page() -> str:
    """The whole page."""
    questions = Catalogue()
    shipped = [q for q in questions.list() if q.path.parent == shipped_folder()]
    user = "a folder `queries` in the user's data folder (on Linux `~/.local/share/graphkit/queries`)"
    parts = [HEAD.format(file=FILE, user=user)]
    for group, several in groupby(shipped, key=lambda q: q.group):
        parts += [f"\n## {group}\n", *map(_section, several)]
    return "".join(parts)


def _section(question: Question) -> str:
    lines = [f"\n### {question.name}\n", f"**{question.title}.** {question.about}\n"]
    lines += [f"    graphkit catalogue {question.name} {example}".rstrip() for example in question.examples]
    if question.parameters:
        lines += ["", "| parameter | kind | else | |", "|---|---|---|---|"]
        for p in question.parameters:
            default = "required" if p.required else f"`{p.default}`" if p.default else "any"
            allowed = p.allowed.replace("|", "\\|")
            lines.append(f"| `{p.name}` | {allowed} | {default} | {p.meaning} |")
    lines += ["", "| column | unit | |", "|---|---|---|"]
    lines += [f"| `{c.name}` | {c.unit} | {c.meaning} |" for c in question.columns]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (HERE / "catalogue.md").write_text(page())
