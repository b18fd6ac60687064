pip install ".[kafka,sdk]" "faststream[cli]" structlog
cd docs_src/kafka
faststream run logs_structlog:app
