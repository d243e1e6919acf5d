"""The service that backs up by the clock, whatever it backs up."""
