import { render, type Sample } from './exposition.ts'
import {
  type LabelsOf,
  type MetricDefinition,
  type MetricName,
  metrics,
  type NameOf,
} from './table.ts'

/** What was counted and timed in this process. */
export interface Registry {
  count<Name extends NameOf<'counter'>>(name: Name, labels: LabelsOf<Name>, by?: number): void
  observe<Name extends NameOf<'histogram'>>(
    name: Name,
    labels: LabelsOf<Name>,
    seconds: number,
  ): void
  /** All of it in the text format, with the gauges as they are now. */
  render(gauges: Gauges): string
}

/** Gauges are not kept: whoever renders reads them. Those left out are not shown. */
export type Gauges = {
  readonly [Name in NameOf<'gauge'>]?: readonly (readonly [labels: LabelsOf<Name>, value: number])[]
}

interface Counter {
  readonly labels: readonly string[]
  value: number
}

interface Histogram {
  readonly labels: readonly string[]
  /** By bucket, not added up; the last one is `+Inf`. */
  readonly counts: number[]
  sum: number
}

export function createRegistry(): Registry {
  const counters = new Map<MetricName, Map<string, Counter>>()
  const histograms = new Map<MetricName, Map<string, Histogram>>()
  return {
    count(name, labels, by = 1) {
      const counter = found(counters, name, labels, () => ({ labels: [...labels], value: 0 }))
      counter.value += by
    },
    observe(name, labels, seconds) {
      const { buckets } = metrics[name]
      const histogram = found(histograms, name, labels, () => ({
        labels: [...labels],
        counts: new Array<number>(buckets.length + 1).fill(0),
        sum: 0,
      }))
      const at = buckets.findIndex((bound) => seconds <= bound)
      histogram.counts[at < 0 ? buckets.length : at]! += 1
      histogram.sum += seconds
    },
    render(gauges) {
      const families = Object.entries(metrics).map(([name, definition]) =>
        render(name, definition, samplesOf(name as MetricName, definition)),
      )
      return families.join('')

      function samplesOf(name: MetricName, { type, buckets = [] }: MetricDefinition): Sample[] {
        if (type === 'gauge') {
          const given = gauges[name as NameOf<'gauge'>] ?? []
          return given.map(([labels, value]) => ({ labels, value }))
        }
        if (type === 'counter') return [...(counters.get(name)?.values() ?? [])]
        return [...(histograms.get(name)?.values() ?? [])].flatMap((each) =>
          histogramSamples(each, buckets),
        )
      }
    },
  }
}

function found<Series>(
  all: Map<MetricName, Map<string, Series>>,
  name: MetricName,
  labels: readonly string[],
  make: () => Series,
): Series {
  let ofName = all.get(name)
  if (!ofName) {
    ofName = new Map()
    all.set(name, ofName)
  }
  const key = labels.join('\u0000')
  let series = ofName.get(key)
  if (!series) {
    series = make()
    ofName.set(key, series)
  }
  return series
}

function histogramSamples(
  { labels, counts, sum }: Histogram,
  buckets: readonly number[],
): Sample[] {
  let count = 0
  const bounded = [...buckets, Number.POSITIVE_INFINITY].map((le, n): Sample => {
    count += counts[n]!
    return { suffix: '_bucket', le, labels, value: count }
  })
  return [
    ...bounded,
    { suffix: '_sum', labels, value: sum },
    { suffix: '_count', labels, value: count },
  ]
}
