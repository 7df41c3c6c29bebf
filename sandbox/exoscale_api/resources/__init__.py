"""What is simulated: a file for each Exoscale resource, found by being here.

A module of this package declares its resource as `RESOURCE`; nothing else has to name it. What a
large one is made of is in a folder beside it.
"""
