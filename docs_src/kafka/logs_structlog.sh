pip install "../faststream-otel[kafka,sdk]" "faststream[cli]" \
    structlog
faststream run logs_structlog:app
