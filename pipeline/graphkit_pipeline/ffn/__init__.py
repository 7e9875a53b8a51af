"""Flood-filling networks: one object at a time, grown by a network that sees the image and what it has so far.

settings   what a network is, and how it fills         network     the model, its file
seeds      where fills begin                           checkpoint  networks of google/ffn
passes     seeds, masks and passes as settings         partitions, examples, training   how a network learns
flood      one object after another on a canvas        inference   the fill of an array
batch      fields of view of many fills in one call
multipass  several passes, several resolutions         unfinished  a fill put away, and taken up again
aligned    masks and probabilities at the image's voxels           job   blocks of a volume
"""
