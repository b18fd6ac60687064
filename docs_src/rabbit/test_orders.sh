pip install "../faststream-otel[rabbit,sdk]" pytest
pytest test_orders.py
