"""Where all importers end: values read, rules applied, a report of each key."""
