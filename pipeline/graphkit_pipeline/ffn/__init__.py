"""Flood-filling networks: one object at a time, grown by a network that sees the image and what it has so far.

settings   what a network is, and how it fills         network     the model, its file
seeds      where fills begin                           checkpoint  networks of google/ffn
movement   where a fill goes next                      partitions, examples, training   how a network learns
inference  the fill of an array                        job         blocks of a volume
"""
