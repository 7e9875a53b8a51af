from __future__ import annotations

import subprocess
import sys


def test_naming_a_tissue_costs_no_heavy_import() -> None:
    program = (
        "import sys, graphkit_pipeline.tissue as t; t.TissueSettings(); "
        "heavy = {'numba', 'scipy', 'pyarrow', 'cc3d', 'edt', 'skimage', 'cloudvolume'}; "
        "print(*sorted(heavy & {m.split('.')[0] for m in sys.modules}))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""
