pip install ".[kafka,sdk]" "faststream[cli]"
cd docs_src/kafka
faststream run sampler:app
