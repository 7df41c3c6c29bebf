"""Building blocks of args: their base class, types of values, secrets, images and resources."""
