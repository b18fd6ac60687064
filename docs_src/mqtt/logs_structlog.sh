pip install ".[mqtt,sdk]" "faststream[cli]" structlog
cd docs_src/mqtt
faststream run logs_structlog:app
