"""What happened to jobs: their events in SQLite, and how few of them tell a long run."""
