"""Generated tissue: an EM-like volume grown from neurons, with its complete ground truth. See docs/tissue.md."""

from __future__ import annotations

from graphkit_pipeline.tissue.files import read_tissue, write_tissue
from graphkit_pipeline.tissue.generate import Tissue, simulate_tissue
from graphkit_pipeline.tissue.settings import TISSUE_VERSION, TissueSettings

__all__ = ["TISSUE_VERSION", "Tissue", "TissueSettings", "read_tissue", "simulate_tissue", "write_tissue"]
