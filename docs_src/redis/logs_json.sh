pip install "../faststream-otel[redis,sdk]" "faststream[cli]" \
    python-json-logger
faststream run logs_json:app
