"""What gunicorn serves."""

from __future__ import annotations

import os

from backend.app import create_app
from backend.config.settings import load_settings

app = create_app(load_settings(os.environ))
