"""A small shop over HTTP, on the package that architrave makes of its schema."""
