"""Services at real servers, to which something happens."""
