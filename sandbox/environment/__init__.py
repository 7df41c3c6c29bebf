"""The environment of `sandbox exec`: variables, a private Pulumi, and the clone's stack files."""
