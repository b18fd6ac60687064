pip install "../faststream-otel[mqtt,sdk]" "faststream[cli]" \
    python-json-logger
faststream run logs_json:app
