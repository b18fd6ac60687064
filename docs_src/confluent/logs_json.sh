pip install "../faststream-otel[confluent,sdk]" "faststream[cli]" \
    python-json-logger
faststream run logs_json:app
