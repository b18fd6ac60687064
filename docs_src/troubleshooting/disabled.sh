OTEL_SDK_DISABLED=true opentelemetry-instrument python handled.py
