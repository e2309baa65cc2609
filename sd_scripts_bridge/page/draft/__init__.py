"""The training that a user is preparing in the tab: photos, captions, choices."""
