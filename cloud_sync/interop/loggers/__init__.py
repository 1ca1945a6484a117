"""Files of temperature loggers: pure readers, one module a maker; what is not certain is asked."""
