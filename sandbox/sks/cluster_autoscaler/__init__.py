"""A stand-in of the cluster autoscaler with the Exoscale provider.

The real program's Go module can't be had from a registry. The stand-in runs for a ready pod with
the program's image on simulated nodes: with the pod's arguments and variables, as the pod's service
account, and with the pod's Exoscale key. It decides as the real program does, with a simpler
simulation of the scheduler (`scheduling.py`). Its log, its status ConfigMap and an Event of its pod
say that it is a stand-in.

Source: kubernetes/autoscaler, cluster-autoscaler 1.36: FAQ.md, core/static_autoscaler.go,
core/scaleup, core/scaledown, cloudprovider/exoscale.
"""
