"""The Drug Supply Chain Security Act (21 USC 360eee, 360eee-1) as values: what trading partners tell each other, what
is
compared with what came, verification of product identifiers, and the clocks of suspect product. Nothing here asks a
database or a clock."""
