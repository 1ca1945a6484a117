"""Labels: what stands on them, how it is laid out, and how it becomes a PDF, the language of a printer, or paper.

``content`` says what a label of each kind shows, ``symbols`` makes its code, ``layout`` fits both into a size of
``sizes``, ``pdf`` and ``bitmap`` draw the same drawing, ``zpl`` wraps the bitmap for a label printer and ``printer``
hands it over.
"""
