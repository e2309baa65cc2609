"""The command line: verbs, their words and pages, completion, following a job."""
