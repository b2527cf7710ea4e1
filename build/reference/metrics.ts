import { type MetricDefinition, metrics } from '../../src/metric/table.ts'
import { code, page, table } from './markdown.ts'

export function metricsPage(): string {
  const all: [string, MetricDefinition][] = Object.entries(metrics)
  const rows = all.map(([name, { type, help, labels }]) => [
    code(name),
    type,
    labels.map(code).join(', '),
    help,
  ])
  const buckets = all.flatMap(([name, { buckets }]) =>
    buckets ? [[code(name), buckets.map(String).join(', ')]] : [],
  )
  return page(
    'Metrics',
    'What `GET /metrics` of a process with a worker shows, and `envoyer.metrics()` gives, in the text format of Prometheus. Counters and histograms are of one process, from its start on; add them up over all. What is read from the database is the same in every process: take the `max` over them. See [monitoring](../guides/monitoring.md).',
    table(['metric', 'type', 'labels', 'meaning'], rows),
    'The values of `code` are those of [deliveries](errors.md#codes-of-deliveries). After a hundred different ones all further ones are `other`.',
    '## Buckets',
    'Upper bounds of the histograms, in seconds:',
    table(['metric', 'bounds'], buckets),
  )
}
