"""The version, read by the package and the build."""

__version__ = "0.1.0"
