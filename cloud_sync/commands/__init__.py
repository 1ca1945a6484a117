"""The commands of ``cloud-sync``, one module per subject."""

import warnings

# The embedded server asks, as it is imported, for a runtime folder that services do not have; it falls back by itself.
warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
