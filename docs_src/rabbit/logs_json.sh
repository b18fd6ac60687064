pip install "../faststream-otel[rabbit,sdk]" "faststream[cli]" \
    python-json-logger
faststream run logs_json:app
