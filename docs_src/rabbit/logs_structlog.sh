pip install "../faststream-otel[rabbit,sdk]" "faststream[cli]" \
    structlog
faststream run logs_structlog:app
