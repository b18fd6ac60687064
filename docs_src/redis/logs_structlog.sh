pip install ".[redis,sdk]" "faststream[cli]" structlog
cd docs_src/redis
faststream run logs_structlog:app
