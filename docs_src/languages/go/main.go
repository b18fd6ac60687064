// A service in Go: takes orders from NATS, and publishes an invoice for each.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/nats-io/nats.go"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/trace"
	api "go.opentelemetry.io/otel/trace"
)

// A header of NATS keeps its case, and propagation.HeaderCarrier does not: it looks
// for "Traceparent", and FastStream sends "traceparent", as W3C has it.
type carrier nats.Header

func (c carrier) Get(key string) string { return nats.Header(c).Get(key) }
func (c carrier) Set(key, value string) { nats.Header(c).Set(key, value) }
func (c carrier) Keys() []string {
	keys := make([]string, 0, len(c))
	for key := range c {
		keys = append(keys, key)
	}
	return keys
}

func main() {
	ctx := context.Background()
	exporter, err := otlptracehttp.New(ctx)
	must(err)
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter))
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(
		propagation.TraceContext{}, propagation.Baggage{}))
	tracer := provider.Tracer("billing")
	propagator := otel.GetTextMapPropagator()

	connection, err := nats.Connect(os.Getenv("NATS_URL"))
	must(err)
	_, err = connection.Subscribe("orders", func(order *nats.Msg) {
		ctx := propagator.Extract(context.Background(), carrier(order.Header))
		ctx, process := tracer.Start(ctx, "process orders",
			api.WithSpanKind(api.SpanKindConsumer), about("orders", "process"))
		defer process.End()

		ctx, publish := tracer.Start(ctx, "publish invoices",
			api.WithSpanKind(api.SpanKindProducer), about("invoices", "publish"))
		defer publish.End()
		invoice := nats.NewMsg("invoices")
		invoice.Data = append([]byte("Invoice for "), order.Data...)
		propagator.Inject(ctx, carrier(invoice.Header))
		must(connection.PublishMsg(invoice))
	})
	must(err)
	must(connection.Flush())
	fmt.Println("Waiting for orders")

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	<-stop
	must(connection.Drain())
	must(provider.Shutdown(ctx))
}

func about(subject, operation string) api.SpanStartEventOption {
	return api.WithAttributes(
		attribute.String("messaging.system", "nats"),
		attribute.String("messaging.destination.name", subject),
		attribute.String("messaging.operation.name", operation))
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
