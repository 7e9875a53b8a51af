"""What every 3-D U-Net of the pipeline needs: its settings, its file, prediction without seams, training that resumes.

settings   what a network is, and how it is used       network    the model, its file
predict    an image of any size, tile by tile          augment    variations of a training patch
training   the loop: steps, checkpoint, log            (what is learnt, and from what, is the caller's)
"""
