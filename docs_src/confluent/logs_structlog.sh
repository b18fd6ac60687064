pip install ".[confluent,sdk]" "faststream[cli]" structlog
cd docs_src/confluent
faststream run logs_structlog:app
