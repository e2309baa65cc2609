"""From what a user wants to a job: request, preflight, doctor, the list of options."""
