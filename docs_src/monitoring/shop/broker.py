"""The broker that SHOP_BROKER names; the files in brokers/ have what differs."""

import os
from importlib import import_module

_chosen = import_module(f".brokers.{os.getenv('SHOP_BROKER', 'rabbit')}", __package__)

broker = _chosen.broker  # with its telemetry middleware
subscriber = _chosen.subscriber  # of single messages, kept until they are handled
batches = _chosen.batches  # of many at once, where the broker's client can
publisher = _chosen.publisher
answering = _chosen.answering  # a subscriber: what it returns is the answer
asking = _chosen.asking  # makes a function that asks, and gives the answer
