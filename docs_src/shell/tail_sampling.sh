otelcol-contrib --config docs_src/config/tail_sampling.yaml
