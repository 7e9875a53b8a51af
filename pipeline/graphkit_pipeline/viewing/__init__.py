"""What ``graphkit view`` is made of: what a folder holds, how it is served, how it is laid out."""
