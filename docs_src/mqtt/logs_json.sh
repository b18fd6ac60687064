pip install ".[mqtt,sdk]" "faststream[cli]" python-json-logger
cd docs_src/mqtt
faststream run logs_json:app
