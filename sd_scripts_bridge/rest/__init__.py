"""The REST API: routes, doors, bodies, privacy, schemas."""
