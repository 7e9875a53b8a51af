"""The reconstruction: from electron-microscope images to the tables that graphkit asks.

It may import ``graphkit.schema``, ``graphkit.errors`` and, from its ``emit`` module alone, the dataset writer.
Its commands join ``graphkit`` through the entry-point group ``graphkit.commands``.
"""
