pip install ".[rabbit,sdk]" "faststream[cli]"
cd docs_src/rabbit
faststream run sampler:app
