pip install ".[confluent,sdk]" "faststream[cli]"
cd docs_src/confluent
faststream run sampler:app
