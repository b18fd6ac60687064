pip install "../faststream-otel[nats,sdk]" "faststream[cli]"
python -c "import faststream_otel.nats; print(faststream_otel.__version__)"
