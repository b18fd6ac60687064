pip install "../faststream-otel[rabbit,sdk]" "faststream[cli]"
python -c "import faststream_otel.rabbit; print(faststream_otel.__version__)"
