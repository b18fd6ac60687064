pip install ".[mqtt,sdk]" "faststream[cli]"
cd docs_src/mqtt
faststream run sampler:app
