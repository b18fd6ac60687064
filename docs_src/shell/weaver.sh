registry=$(python -c "from importlib.resources import files; print(files('faststream_otel') / 'registry')")
weaver registry live-check --registry "$registry"
