"""What people and pipelines run beside `pulumi`: `make` has a target for each."""
