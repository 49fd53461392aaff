"""Our RabbitMQ image: what is confirmed outlives a kill, and what the fault tests turn on it."""

import pika

from tests.support.broker import Broker


def test_a_confirmed_message_outlives_kill_9(broker: Broker, amqp: str) -> None:
    with pika.BlockingConnection(pika.URLParameters(amqp)) as connection:
        channel = connection.channel()
        channel.queue_declare("jobs", durable=True)
        channel.confirm_delivery()
        channel.basic_publish("", "jobs", b"one job", pika.BasicProperties(delivery_mode=2))
    broker.kill()
    broker.start()
    with pika.BlockingConnection(pika.URLParameters(amqp)) as connection:
        _, _, body = connection.channel().basic_get("jobs", auto_ack=True)
    assert body == b"one job"


def test_vhosts_are_separate(broker: Broker) -> None:
    first, second = broker.vhost(), broker.vhost()
    with pika.BlockingConnection(pika.URLParameters(first)) as connection:
        connection.channel().queue_declare("only here")
    assert set(broker.queues(first)) == {"only here"}
    assert broker.queues(second) == {}


def test_settings_can_be_changed_while_it_runs(broker: Broker) -> None:
    before = broker.rabbitmqctl("eval", "application:get_env(rabbit, consumer_timeout).").strip()
    assert before == "{ok,1800000}", "the image leaves RabbitMQ's own default of 30 minutes"
