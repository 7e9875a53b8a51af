"""The stages of a reconstruction: `listing` has them in order, the other modules what each does."""
