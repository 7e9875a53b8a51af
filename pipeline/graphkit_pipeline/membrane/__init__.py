"""Where cells are, and where they end: a U-Net that flood filling, and the joining of its segments, look through.

settings   targets   training   validation   predict   job (for the engine)   shipped (the network of generated tissue)
"""
