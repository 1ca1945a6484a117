"""Which commands there are, and where: each is loaded when it is called, for no command needs what all of them need."""

from importlib import import_module
from types import MappingProxyType
from typing import Any, cast

import typer
from typer.core import TyperGroup

from cloud_sync.commands.loading import loading

COMMANDS = MappingProxyType(
    {
        "serve": "ledger.serve",
        "init": "accounts.init",
        "label": "labels.label",
        "example": "examples.example_command",
        "erase": "erasure.erase_person",
        "erase-words": "erasure.erase_words",
        "check-config": "policies.check_config",
        "migrate": "ledger.migrate",
        "import-policies": "policies.import_policies",
        "verify": "seal.verify_ledger",
        "checkpoint": "seal.print_checkpoint",
        "import": "records.import_records",
        "bring": "spreadsheets.bring",
        "export": "records.export_records",
        "report": "papers.report",
        "verify-paper": "papers.verify_paper",
        "validate": "validation.validate",
        "doctor": "doctor.doctor",
        "status": "doctor.status",
        "archive": "archive.archive_months",
        "backup": "backups.backup_ledger",
        "restore": "backups.restore_ledger",
        "restored": "backups.declare_restored",
        "backup-key": "backups.make_key",
        "account": "accounts.account_app",
        "certificate": "certificates.certificate_app",
        "second-signature": "second_signatures.second_signature_app",
        "token": "tokens.token_app",
        "gateway": "gateways.gateway_app",
        "release": "fleet.release_app",
        "channel": "channels.channel_app",
        "alert": "alerts.alert_app",
        "connection": "connections.connection_app",
        "erp": "erp.erp_app",
        "logger": "loggers.logger_app",
        "batch": "batches.batch_app",
        "broker": "broker.broker_app",
        "hl7": "hl7.hl7_app",
        "ledger-key": "ledger_keys.ledger_key_app",
        "operator": "records.operator_app",
        "site-format": "papers.site_format_app",
        "dscsa": "dscsa.dscsa_app",
        "serial": "serials.serial_app",
    }
)
"""In the order in which they are shown: the modules of this folder, and their functions or groups of commands."""


class LateCommands(TyperGroup):
    """The commands of ``cloud-sync``."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = cast(Any, dict.fromkeys(COMMANDS))  # names alone, for what looks for similar ones

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """One of them, loaded; ``None`` if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name].split(".")
        with loading():
            found = getattr(import_module(f"cloud_sync.commands.{module}"), attribute)
        if isinstance(found, typer.Typer):
            made: Any = typer.main.get_group(found)
        else:
            alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            alone.command(cmd_name)(found)
            made = typer.main.get_command(alone)
        made.name = cmd_name
        return made
