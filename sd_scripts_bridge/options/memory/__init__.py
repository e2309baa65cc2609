"""What a training takes of a GPU's memory: counted from the shapes of everything in it."""
