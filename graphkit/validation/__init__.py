"""The checks of ``graphkit validate``, one kind of invariant a module (see ``graphkit.validate``)."""
