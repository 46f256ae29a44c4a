"""A real PostgreSQL server of the tests' own, reached over a socket in a temporary folder; else a skip."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def postgres_server() -> Iterator[str]:
    """Its URL, while it runs."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed here")
    with tempfile.TemporaryDirectory(prefix="coterie-pg-") as name:
        folder = Path(name)
        as_user: list[str] = []
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(folder, "nobody")
            as_user = ["setpriv", "--reuid=nobody", "--clear-groups"]
        log = (folder.parent / f"{folder.name}.log").open("wb")

        def pg(program: str, *arguments: str) -> None:
            command = [*as_user, str(programs / program), "-D", str(folder / "data"), *arguments]
            subprocess.run(command, check=True, stdout=log, stderr=log, timeout=120, cwd=folder)

        pg("initdb", "-U", "coterie", "--auth=trust", "-E", "UTF8", "--no-sync")
        pg("pg_ctl", "-w", "-o", f"-k {folder} -c listen_addresses='' -c fsync=off", "start")
        try:
            yield f"postgresql://coterie@/postgres?host={folder}"
        finally:
            pg("pg_ctl", "-m", "immediate", "stop")
            log.close()
            Path(log.name).unlink()


def _programs() -> Path | None:
    """The folder of PostgreSQL's own programs."""
    found = shutil.which("pg_ctl")
    if found:
        return Path(found).resolve().parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
