pip install "../faststream-otel[redis,sdk]" pytest
pytest test_orders.py
