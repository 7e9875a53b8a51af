"""The parts of the generator of connectomes; its public door is ``graphkit.simulate``."""
