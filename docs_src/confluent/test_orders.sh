pip install "../faststream-otel[confluent,sdk]" pytest
pytest test_orders.py
