"""An application's Service."""
