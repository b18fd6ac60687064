pip install ".[redis,sdk]" pytest
cd docs_src/redis
pytest test_orders.py
