"""The settings that an item of `apps` is made of."""
