"""How the object storage for backups is reached. Apart from the client, so that a configuration is read without it."""

from dataclasses import dataclass
from pathlib import Path

AWS = "https://s3.amazonaws.com"


@dataclass(frozen=True, slots=True)
class BucketSettings:
    """``region`` "" asks the server; ``credentials_file`` None: the environment; ``ca_file`` None: the system's own."""

    endpoint: str = AWS
    region: str = ""
    credentials_file: Path | None = None
    ca_file: Path | None = None
