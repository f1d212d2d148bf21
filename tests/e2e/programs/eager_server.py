"""A server that looks for new versions 50 times a second, which the command line has no flag for.

python eager_server.py --port=PORT --rest_api_port=PORT --base_path=DIRECTORY
"""

import argparse
import sys

from salver import ModelConfig, ServerConfig
from salver.config.server_config import LogFormat
from salver.logs import set_up_logging
from salver.server.process import serve


def main():
    """Read the arguments and serve until a signal."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--rest_api_port", type=int, required=True)
    parser.add_argument("--base_path", required=True)
    arguments = parser.parse_args()
    set_up_logging(LogFormat.HUMAN, "warning")
    return serve(
        ServerConfig(
            models=(ModelConfig(name="swap", base_path=arguments.base_path),),
            grpc_port=arguments.port,
            rest_port=arguments.rest_api_port,
            file_system_poll_wait_s=0.02,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
