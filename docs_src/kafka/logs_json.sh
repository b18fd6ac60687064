pip install "../faststream-otel[kafka,sdk]" "faststream[cli]" \
    python-json-logger
faststream run logs_json:app
