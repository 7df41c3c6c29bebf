"""Provider plugins that replace the official ones if those can't be downloaded."""
