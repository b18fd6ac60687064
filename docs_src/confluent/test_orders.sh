pip install ".[confluent,sdk]" pytest
cd docs_src/confluent
pytest test_orders.py
