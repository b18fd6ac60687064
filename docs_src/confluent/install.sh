pip install "../faststream-otel[confluent,sdk]" "faststream[cli]"
python -c "import faststream_otel.confluent; print(faststream_otel.__version__)"
