pip install "../faststream-otel[redis,sdk]" "faststream[cli]"
python -c "import faststream_otel.redis; print(faststream_otel.__version__)"
