"""Pictures of answers: one kind a module, each a plain function from the rows to a matplotlib figure."""
