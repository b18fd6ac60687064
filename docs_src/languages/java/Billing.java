// A service in Java: takes orders from Kafka, and publishes an invoice for each.

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public class Billing {
    public static void main(String[] args) {
        var url = System.getenv("KAFKA_URL");
        var consumer = new KafkaConsumer<>(
            Map.<String, Object>of("bootstrap.servers", url,
                "group.id", "billing", "auto.offset.reset", "earliest"),
            new StringDeserializer(), new StringDeserializer());
        var producer = new KafkaProducer<>(
            Map.<String, Object>of("bootstrap.servers", url),
            new StringSerializer(), new StringSerializer());
        consumer.subscribe(List.of("orders"));
        stopWith(consumer, Thread.currentThread());
        System.out.println("Waiting for orders");
        try (consumer; producer) {
            while (true) {
                for (var order : consumer.poll(Duration.ofSeconds(1))) {
                    var invoice = "Invoice for " + order.value();
                    producer.send(new ProducerRecord<>("invoices", invoice));
                }
            }
        } catch (WakeupException stopped) {
            System.out.println("Stopped");
        }
    }

    static void stopWith(KafkaConsumer<?, ?> consumer, Thread main) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            consumer.wakeup();
            try {
                main.join();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }));
    }
}
