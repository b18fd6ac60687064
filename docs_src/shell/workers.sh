opentelemetry-instrument --service_name shop --traces_exporter otlp \
    faststream run zero_code:app --workers 2
