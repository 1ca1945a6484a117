"""One module for each kind of paper or two that are much the same: its data, and the document that shows them."""
