"""What REST takes and answers: frozen dataclasses, read, described and written as JSON."""
