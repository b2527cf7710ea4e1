/** What one metric is. Durations are in seconds, as Prometheus has them. */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  /** In the order in which their values are given. */
  readonly labels: readonly string[]
  /** Upper bounds of a histogram's buckets, rising, without `+Inf`. */
  readonly buckets?: readonly number[]
}

/** Of calls: a statement, a request to a provider. */
const callBuckets = [
  ...[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25],
  ...[0.5, 1, 2.5, 5, 10, 30, 60],
]
/** From a message that goes at once to one that was tried for hours. */
const delayBuckets = [
  ...[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  ...[60, 300, 900, 3600, 14_400, 43_200, 86_400],
]

/** How far deliveries are counted, so that a look costs the same with a million of them. */
export const countedAtMost = 100_000

/** Every metric by name; `docs/reference/metrics.md` is generated from it. */
export const metrics = {
  envoyer_due_deliveries: {
    type: 'gauge',
    help: 'Deliveries that are due and that no worker has taken. Read from the database, the same in every process; counted up to 100000.',
    labels: ['channel'],
  },
  envoyer_oldest_due_seconds: {
    type: 'gauge',
    help: 'How long the oldest of those has been due; 0 where there is none.',
    labels: ['channel'],
  },
  envoyer_scheduled_deliveries: {
    type: 'gauge',
    help: 'Deliveries that wait for a later time: a window, a retry, a schedule. Read from the database, counted up to 100000 over all channels, soonest first.',
    labels: ['channel'],
  },
  envoyer_bucket_tokens: {
    type: 'gauge',
    help: 'What is left of the rate of a channel; less than nothing where a retry took more. Read from the database.',
    labels: ['bucket'],
  },
  envoyer_backend_held_back_seconds: {
    type: 'gauge',
    help: 'For how long a backend is still held back, since it asked for a pause or failed too often; 0 where it is not. Read from the database.',
    labels: ['channel', 'backend'],
  },
  envoyer_workers: {
    type: 'gauge',
    help: 'Workers that serve the channel, in all processes: those that gave a sign within the last 15 seconds. Read from the database.',
    labels: ['channel'],
  },
  envoyer_database_up: {
    type: 'gauge',
    help: '1 where the database answered this scrape, else 0; then what is read from it is missing.',
    labels: [],
  },
  envoyer_last_look_timestamp_seconds: {
    type: 'gauge',
    help: 'When a worker of this process last looked for due work with success, in seconds since 1970; missing where none ran.',
    labels: [],
  },
  envoyer_deliveries_in_flight: {
    type: 'gauge',
    help: 'Deliveries that the workers of this process have claimed and not settled.',
    labels: [],
  },
  envoyer_deliveries_total: {
    type: 'counter',
    help: 'Deliveries settled by the workers of this process: sent, failed or cancelled. The code says why; it is empty for those sent.',
    labels: ['channel', 'status', 'code'],
  },
  envoyer_tries_total: {
    type: 'counter',
    help: 'Tries made by this process, by how they ended: sent, retry (another follows), failed or cancelled.',
    labels: ['channel', 'outcome', 'code'],
  },
  envoyer_deliveries_deferred_total: {
    type: 'counter',
    help: 'Deliveries put off since their windows were shut when a worker took them.',
    labels: ['channel'],
  },
  envoyer_delivery_delay_seconds: {
    type: 'histogram',
    help: 'From when a delivery was first due to when a provider had taken it.',
    labels: ['channel'],
    buckets: delayBuckets,
  },
  envoyer_backend_call_duration_seconds: {
    type: 'histogram',
    help: 'How long the backend of a channel took to take or refuse a message, all members of a composite together.',
    labels: ['channel', 'backend'],
    buckets: callBuckets,
  },
  envoyer_claim_duration_seconds: {
    type: 'histogram',
    help: 'How long the claim of a chunk took; its count is the number of claims.',
    labels: ['channel'],
    buckets: callBuckets,
  },
  envoyer_claimed_deliveries_total: {
    type: 'counter',
    help: 'Deliveries claimed by this process, without those that an idle worker of it took as they were sent.',
    labels: ['channel'],
  },
  envoyer_settle_duration_seconds: {
    type: 'histogram',
    help: 'How long it took to write down how a chunk of deliveries ended.',
    labels: [],
    buckets: callBuckets,
  },
  envoyer_leases_lost_total: {
    type: 'counter',
    help: 'Deliveries whose worker did not come back, as found by this process.',
    labels: ['channel'],
  },
  envoyer_tickets_put_total: {
    type: 'counter',
    help: 'Tickets put into the queue by this process.',
    labels: ['channel'],
  },
  envoyer_tickets_taken_total: {
    type: 'counter',
    help: 'Tickets that the workers of this process took from the queue.',
    labels: ['channel'],
  },
  envoyer_internal_errors_total: {
    type: 'counter',
    help: 'Errors inside Envoyer that no caller could be told, as onFailure gets them.',
    labels: [],
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>

export type Metrics = typeof metrics
export type MetricName = keyof Metrics

/** The names of the metrics of one type. */
export type NameOf<Type extends MetricDefinition['type']> = {
  [Name in MetricName]: Metrics[Name]['type'] extends Type ? Name : never
}[MetricName]

/** The values of a metric's labels, in its order. */
export type LabelsOf<Name extends MetricName> = TextsOf<Metrics[Name]['labels']>

type TextsOf<List extends readonly string[]> = { readonly [Index in keyof List]: string }
