pip install ".[mqtt,sdk]" "faststream[cli]" opentelemetry-instrumentation-logging
cd docs_src/mqtt
faststream run logs_instrumented:app
