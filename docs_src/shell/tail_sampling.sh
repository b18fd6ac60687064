otelcol-contrib --config tail_sampling.yaml
