"""One module for each Bluetooth format: how it is read, how the simulator makes it, what a person has to know.

A module's name is the ``format`` of the configuration (``_`` for ``-``) and its ``FORMAT`` is all that the rest of the
gateway knows of it. Modules that begin with ``_`` are shared by formats. A new one needs this module and its page in
``firmware_notes``, whose table of frames is what the tests prove.
"""
