"""Where an application is served."""
