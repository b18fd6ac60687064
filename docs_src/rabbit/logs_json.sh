pip install ".[rabbit,sdk]" "faststream[cli]" python-json-logger
cd docs_src/rabbit
faststream run logs_json:app
