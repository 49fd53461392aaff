"""Start PostgreSQL with one user and one database, taken from the environment.

The password of the environment becomes true at each start; it is on no command line and in no file that stays.
"""

import os
import subprocess
from pathlib import Path

DATA = Path(os.environ["PGDATA"])
RULES = "local all all peer\nhost all all all scram-sha-256\n"


def single(statement: str) -> None:
    """Run one statement before the server takes connections."""
    subprocess.run(
        ["postgres", "--single", "-D", DATA, "postgres"], input=f"{statement}\n", text=True, check=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip


def quoted(text: str, mark: str) -> str:
    """An SQL name or literal on one line."""
    if "\n" in text:
        raise ValueError("a name or password of PostgreSQL must be one line")
    return mark + text.replace(mark, 2 * mark) + mark


if __name__ == "__main__":
    user, password = os.environ.get("POSTGRES_USER", "router"), os.environ.pop("POSTGRES_PASSWORD", "router")
    name, literal = quoted(user, '"'), quoted(password, "'")
    first = not (DATA / "PG_VERSION").exists()
    if first:
        subprocess.run(["initdb", "--encoding=UTF8", "--locale=C.UTF-8", "--auth=peer", DATA], check=True)
    (DATA / "pg_hba.conf").write_text(RULES)
    if first:
        single(f"CREATE ROLE {name} LOGIN")
        single(f"CREATE DATABASE {name} OWNER {name}")
    single(f"ALTER ROLE {name} PASSWORD {literal}")
    os.execvp("postgres", ["postgres", "-D", DATA, "-c", "listen_addresses=*"])  # noqa: S606
