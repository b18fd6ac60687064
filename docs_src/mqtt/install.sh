pip install "../faststream-otel[mqtt,sdk]" "faststream[cli]"
python -c "import faststream_otel.mqtt; print(faststream_otel.__version__)"
