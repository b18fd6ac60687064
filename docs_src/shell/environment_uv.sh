uv venv --seed
source .venv/bin/activate
