"""How gunicorn serves the app in its container.

Settings are read here first: a mistake ends the process with one line and exit code 78 before the
port is bound. Found by a worker, it would bind, crash and start again for ever.
"""

import os
import sys

from backend.app import preflight
from backend.config.settings import load_settings
from backend.errors import AppError
from backend.logs import logging_config
from backend.request import drain
from backend.services.password_slots import shared_slots
from backend.version import release

try:
    _settings = load_settings(os.environ)
    preflight(_settings)
except AppError as error:
    sys.stderr.write(f"error: {error}\n")
    sys.exit(error.exit_code)

# The networks of this container. In the stack only the proxy publishes a port; elsewhere whoever
# runs the container says which port it looks at.
bind = f"0.0.0.0:{_settings.port}"
# gthread, whose own refusals look like the app's.
worker_class = "backend.request.worker.ProblemWorker"
workers = _settings.workers
threads = _settings.threads

# Each worker makes its own app and its own connections: a connection must never cross a fork.
preload_app = False

# Passwords are computed by all workers together, as many at once as the container carries; made
# here, before they fork, the slots are shared by them all.
shared_slots()

# The root file system is read-only, and a worker's heartbeat must not wait for a disk.
worker_tmp_dir = "/dev/shm"  # noqa: S108 - a memory file system of this container alone
control_socket_disable = True

# Longer than the proxy keeps an idle connection: the proxy must be the one to close it.
keepalive = 75
# A worker that gives no sign of life is replaced. In gthread this bounds no request: the
# app's own deadline does that.
timeout = 60
# Below the service's stop_grace_period, above the longest request.
graceful_timeout = 30
# Recycling workers loses queued connections with gthread.
max_requests = 0

# The app itself logs one line for each request; gunicorn's own lines take the same shape.
accesslog = None
loglevel = _settings.log_level
logconfig_dict = logging_config(_settings.log_level, color=_settings.color, release=release())

# SIGTERM makes /api/ready say so at once, while requests that are running still finish.
post_worker_init = drain.begin_on_worker_start

# Nobody but the app decides which proxy to believe.
forwarded_allow_ips = ""
