pip install ".[redis,sdk]" "faststream[cli]" python-json-logger
cd docs_src/redis
faststream run logs_json:app
