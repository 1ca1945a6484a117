"""A ledger that root has started gives root's rights up before it answers anybody."""

import os
import pwd
from pathlib import Path

import cloud_sync
from cloud_sync.commands.terminal import say
from cloud_sync.errors import ConfigError
from cloud_sync.storage.database import Database

AS_A_USER = "run it as a user of its own, as the unit cloud-sync.service does: sudo -u lotwarden cloud-sync serve"


def give_up_root(database: Database) -> None:
    """Go on as the user whose the embedded database is. Call it when all that needs root is open.

    With a database by URL the process stays what it is, for the database may know it by its user: that is warned of.
    Raises ``ConfigError`` if the program's own files cannot be read by that user.
    """
    if os.geteuid() != 0:
        return
    user = database.server_user
    if user is None:
        say(f"WARNING: this ledger runs as root; {AS_A_USER}")
        return
    become(user)
    package = Path(cloud_sync.__file__).parent
    if not os.access(package / "app.py", os.R_OK):
        raise ConfigError((f"the user {user.pw_name} may not read {package}; install it elsewhere, or {AS_A_USER}",))


def become(user: pwd.struct_passwd) -> None:
    """All threads of this process are this user from now on, and never root again."""
    os.setgroups([])
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    os.environ["HOME"] = "/"  # what root keeps at home is nobody's business now
