pip install "../faststream-otel[nats,sdk]" pytest
pytest test_orders.py
