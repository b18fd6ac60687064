pip install "../faststream-otel[confluent,sdk]" "faststream[cli]" \
    structlog
faststream run logs_structlog:app
