"""Pictures that the WebUI draws for us, in its own queue."""
