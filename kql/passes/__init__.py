"""The verbs of `kql.rewrite`: each gives a program with the same rows, and looks at relations alone."""
