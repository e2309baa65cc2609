"""What each route does, grouped by what it is about."""
