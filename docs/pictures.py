"""Makes the pictures of the README and of docs/plots.md: what a command prints on a terminal, and drawn answers, as SVG.

python docs/pictures.py        # writes docs/images/*.svg
"""

from __future__ import annotations

import os
import pty
import re
import shutil
import sys
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

import graphkit
from graphkit.views import save_plot

ROOT = Path(__file__).parent.parent
WIDTH = 118
PICTURES = {
    "motifs": ["query", "motifs in region EB", "-d", "data-samples/ring"],
    "info": ["info", "data-samples/ring"],
}


DRAWN = {
    "census": "motifs in region EB",
    "circuit": "connections between type 'ER*' and type 'EPG' by type",
    "force": "connections in CX with at least 50 synapses by type",
    "matrix": "connections in EB with at least 5 synapses by type",
}
KINDS = {"force": "force"}
"""Of pictures that are not the natural one."""


def on_a_terminal(arguments: list[str]) -> str:
    """What the command writes to a terminal of ``WIDTH`` columns, colours included."""
    program = shutil.which("graphkit", path=str(Path(sys.executable).parent)) or "graphkit"
    chunks: list[bytes] = []

    def read(descriptor: int) -> bytes:
        chunks.append(os.read(descriptor, 65536))
        return chunks[-1]

    os.environ |= {"COLUMNS": str(WIDTH), "TERM": "xterm-256color", "LINES": "60"}
    pty.spawn([program, *arguments], read)
    return b"".join(chunks).decode().replace("\r\n", "\n")


def _plain_font(svg: str) -> str:
    """Without the web font that rich links to: a picture loads nothing, and any monospace font fits."""
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL).replace("Fira Code, monospace", "monospace")


def main() -> None:
    os.chdir(ROOT)
    folder = ROOT / "docs" / "images"
    folder.mkdir(exist_ok=True)
    for name, arguments in PICTURES.items():
        console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True)
        shown = " ".join(f'"{a}"' if " " in a else a for a in arguments)
        console.print(Text(f"$ graphkit {shown}", style="bold"))
        console.print(Text.from_ansi(on_a_terminal(arguments)))
        (folder / f"{name}.svg").write_text(_plain_font(console.export_svg(title="graphkit")))
    draw(folder)


def draw(folder: Path) -> None:
    """The drawn answers, to ``folder``."""
    brain = graphkit.open(ROOT / "data-samples" / "ring")
    for name, question in DRAWN.items():
        save_plot(brain.query(question), folder / f"{name}.svg", KINDS.get(name))


if __name__ == "__main__":
    main()
