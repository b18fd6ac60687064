pip install "../faststream-otel[kafka,sdk]" "faststream[cli]"
python -c "import faststream_otel.kafka; print(faststream_otel.__version__)"
