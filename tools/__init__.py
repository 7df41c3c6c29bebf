"""Commands that people and pipelines run besides `pulumi`: `make` has a target for each."""
