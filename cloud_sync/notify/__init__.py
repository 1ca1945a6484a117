"""Alerts that arrive: what happened is followed, routed to whoever has to know, and sent until it is handed over."""
