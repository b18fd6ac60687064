pip install ".[nats,sdk]" "faststream[cli]" structlog
cd docs_src/nats
faststream run logs_structlog:app
