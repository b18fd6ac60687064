pip install ".[kafka,sdk]" "faststream[cli]" python-json-logger
cd docs_src/kafka
faststream run logs_json:app
