OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=faststream \
    opentelemetry-instrument faststream run zero_code:app
