"""A job: what it trains, where it runs, its folder, its events, the queue in SQLite."""
