"""How a volume lies on disk: one format a module, each behind the `Store` of `formats.store`.

Nothing outside `graphkit_pipeline.volume` imports these.
"""
