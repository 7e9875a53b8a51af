"""The parts of ``graphkit_pipeline.evaluate``: one measure a module, and the report that shows them."""
