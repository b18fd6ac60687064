pip install ".[kafka,sdk]" pytest
cd docs_src/kafka
pytest test_orders.py
