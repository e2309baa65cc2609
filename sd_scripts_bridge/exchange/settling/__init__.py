"""Where all importers end: values read, rules applied, what became of each key."""
