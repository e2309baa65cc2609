"""Help pages by what their verbs work on."""
