"""A web application: everything of it in a namespace that is there already."""
