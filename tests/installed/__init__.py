"""The Debian packages on a Debian that they are for: ``./dev test-packages`` (root, mmdebstrap and the network)."""
