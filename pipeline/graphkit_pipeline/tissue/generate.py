"""A volume of tissue with its ground truth, from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphkit.progress import Progress, silent
from graphkit_pipeline.distinct import distinct
from graphkit_pipeline.tissue.settings import TissueSettings

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["Tissue", "simulate_tissue"]


@dataclass(frozen=True, slots=True)
class Tissue:
    """Image and truth; arrays are [z, y, x], 0 = nothing, tables have the columns of ``graphkit.schema``.

    ``segments`` has one 6-connected component a neuron, numbered like the neurons; membranes, extracellular space and
    the vessel are 0. ``clefts`` has the number of the release site (``pre_site_id``) at its cleft voxels.
    """

    image: NDArray[np.uint8]
    segments: NDArray[np.int64]
    clefts: NDArray[np.int64]
    synapses: pa.Table
    neurons: pa.Table
    skeletons: pa.Table
    regions: pa.Table
    settings: TissueSettings

    @property
    def voxel_size_nm(self) -> tuple[float, float, float]:
        """Voxel size z, y, x in nm."""
        return self.settings.voxel_size_nm

    @property
    def offset(self) -> tuple[int, int, int]:
        """Global voxel index z, y, x of the first voxel."""
        return self.settings.offset

    def counts(self) -> dict[str, int | float]:
        """What is in it: neurons, pairs, sites, connections, and the share of the volume that is inside neurons."""
        import numpy as np

        sites = distinct(self.synapses["pre_site_id"].to_numpy())
        pairs = self.synapses.select(["pre_id", "post_id"])
        return {
            "neurons": self.neurons.num_rows,
            "synapses": self.synapses.num_rows,
            "sites": len(sites),
            "connections": pairs.group_by(["pre_id", "post_id"]).aggregate([]).num_rows,
            "filled": round(float(np.count_nonzero(self.segments)) / self.segments.size, 4),
        }


def simulate_tissue(settings: TissueSettings, progress: Progress = silent) -> Tissue:
    """The tissue that these settings describe; the same settings give the same bytes."""
    import numpy as np

    from graphkit_pipeline.tissue.anatomy import grow_forest
    from graphkit_pipeline.tissue.imaging import make_image
    from graphkit_pipeline.tissue.organelles import paint_organelles
    from graphkit_pipeline.tissue.space import divide, fill_space
    from graphkit_pipeline.tissue.synapses import place_synapses
    from graphkit_pipeline.tissue.truth import neurons_table, regions_table, skeletons_table, synapses_table

    progress("growing neurites", 0.0)
    forest = grow_forest(settings)
    progress("filling space", 0.0)
    cores = forest.owner >= 0
    fill_space(forest, settings.seed)
    labels, depth_nm, segments = divide(forest, cores)
    del cores
    progress("placing organelles", 0.0)
    matter = np.zeros(settings.shape, np.uint8)
    paint_organelles(forest, labels, depth_nm, matter, settings.seed)
    progress("placing synapses", 0.0)
    clefts, pairs = place_synapses(settings, forest, labels, segments, depth_nm, matter)
    progress("taking the image", 0.0)
    image = make_image(settings, forest, labels, depth_nm, matter)
    progress("writing the truth", 0.0)
    skeletons = skeletons_table(settings, forest)
    neurons = neurons_table(settings, forest, segments, skeletons, pairs)
    tissue = Tissue(
        image, segments, clefts, synapses_table(settings, pairs), neurons, skeletons, regions_table(settings), settings
    )
    progress("writing the truth", 1.0)
    return tissue
