"""How gunicorn serves the demo. Told to stop, it answers what it has begun, and takes no more."""

bind = "0.0.0.0:8080"
wsgi_app = "app:create_app()"
worker_class = "gthread"
workers = 2
threads = 32
keepalive = 0
"""A connection holds a thread until its request has come. To a server that keeps connections open,
proxies open more than they use at once, and no thread would be left."""
graceful_timeout = 60
"""Seconds: as long as `/slow` takes at most."""
worker_tmp_dir = "/dev/shm"
"""The root is read-only."""
