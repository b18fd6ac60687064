pip install ".[nats,sdk]" pytest
cd docs_src/nats
pytest test_orders.py
