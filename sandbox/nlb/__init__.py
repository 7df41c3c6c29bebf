"""Network load balancers that carry TCP, on loopback addresses of this machine."""
