"""Importers: published tables become datasets. One format a module; each returns an ``ImportReport``."""

from __future__ import annotations
