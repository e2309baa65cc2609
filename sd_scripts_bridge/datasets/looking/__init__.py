"""A set of photos as somebody looks at it: what each one is, and which are copies."""
