pip install "../faststream-otel[redis,sdk]" "faststream[cli]" \
    structlog
faststream run logs_structlog:app
