pip install "../faststream-otel[nats,sdk]" "faststream[cli]" \
    structlog
faststream run logs_structlog:app
