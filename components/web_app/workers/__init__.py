"""An application's workers: pods without a Service."""
