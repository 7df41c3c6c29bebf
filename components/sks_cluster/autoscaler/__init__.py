"""The cluster autoscaler, which changes the number of nodes."""
