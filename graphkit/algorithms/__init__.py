"""Plain functions over a Graph, one idea a module."""
