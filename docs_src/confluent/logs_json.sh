pip install ".[confluent,sdk]" "faststream[cli]" python-json-logger
cd docs_src/confluent
faststream run logs_json:app
