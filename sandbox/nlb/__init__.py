"""Network load balancers that forward TCP, on loopback addresses of this machine."""
