pip install ".[rabbit,sdk]" "faststream[cli]" structlog
cd docs_src/rabbit
faststream run logs_structlog:app
