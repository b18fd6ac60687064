pip install ".[nats,sdk]" "faststream[cli]"
cd docs_src/nats
faststream run exporting_memory:app
