"""The policy pack: what a stack has to be like, whichever program declares it."""
