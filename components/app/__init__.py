"""The parts of `WebApp`: what its pods, Services and Ingresses are made of."""
