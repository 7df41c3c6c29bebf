"""Network load balancers that forward TCP, on addresses of this machine."""
