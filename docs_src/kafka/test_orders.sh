pip install "../faststream-otel[kafka,sdk]" pytest
pytest test_orders.py
