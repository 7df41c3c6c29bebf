"""A cluster that the program uses and did not create."""
