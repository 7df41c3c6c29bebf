"""The policy pack: rules on a stack's resources, whatever program declares them."""
