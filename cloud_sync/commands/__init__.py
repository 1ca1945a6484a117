"""The commands of ``cloud-sync``, one module per subject."""
