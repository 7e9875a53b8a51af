"""Synapses: a U-Net finds clefts and which way they point, an assignment makes of them pairs of partners."""
