"""A process that is a server and nothing else, as the command line starts it."""

from __future__ import annotations

import logging
import os

from salver.config.server_config import ServerConfig
from salver.server.server import Server
from salver.server.signals import run_until_signal


def serve(config: ServerConfig) -> int:
    """Serve until SIGTERM or SIGINT, then drain and stop; return the exit status.

    Raises:
        SalverError: The start failed.
    """
    server = Server(config)
    status = run_until_signal(server, offer=server.drain_request.become)
    if server.has_endless_run:
        # The libraries it is in would be taken down under it.
        logging.shutdown()
        os._exit(status)
    return status
