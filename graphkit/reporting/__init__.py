"""One page about a region, or about a whole dataset: questions, their answers and pictures, in one HTML file."""

from graphkit.reporting.page import Report, report

__all__ = ["Report", "report"]
