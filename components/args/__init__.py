"""What args are made of: their base class, types of values, secrets, images, resources."""
