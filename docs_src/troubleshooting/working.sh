opentelemetry-instrument python handled.py
