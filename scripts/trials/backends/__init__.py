"""Services whose collector is gone, slow or wrong."""
