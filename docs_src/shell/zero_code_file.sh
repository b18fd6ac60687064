pip install opentelemetry-configuration
OTEL_CONFIG_FILE=zero_code.yaml \
    opentelemetry-instrument faststream run zero_code:app
