"""More than one machine's worth of servers, started here by the tests themselves."""
