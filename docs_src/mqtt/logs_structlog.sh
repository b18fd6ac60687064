pip install "../faststream-otel[mqtt,sdk]" "faststream[cli]" \
    structlog
faststream run logs_structlog:app
