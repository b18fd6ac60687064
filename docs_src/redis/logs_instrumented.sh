pip install ".[redis,sdk]" "faststream[cli]" opentelemetry-instrumentation-logging
cd docs_src/redis
faststream run logs_instrumented:app
