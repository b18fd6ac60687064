pip install ".[redis,sdk]" "faststream[cli]"
cd docs_src/redis
faststream run sampler:app
