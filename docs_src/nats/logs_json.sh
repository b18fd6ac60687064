pip install "../faststream-otel[nats,sdk]" "faststream[cli]" \
    python-json-logger
faststream run logs_json:app
