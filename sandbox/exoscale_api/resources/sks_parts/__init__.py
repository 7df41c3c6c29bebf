"""What the resources of SKS are made of: the work that takes its time, and what they share."""
