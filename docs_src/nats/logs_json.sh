pip install ".[nats,sdk]" "faststream[cli]" python-json-logger
cd docs_src/nats
faststream run logs_json:app
