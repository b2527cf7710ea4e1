import type { MetricDefinition } from './table.ts'

/** One line: the name's suffix, labels and their values, and what is measured. */
export interface Sample {
  readonly suffix?: '_bucket' | '_sum' | '_count'
  /** The upper bound of a histogram's bucket. */
  readonly le?: number
  readonly labels: readonly string[]
  readonly value: number
}

/** What `render` writes, for the header of an answer. */
export const contentType = 'text/plain; version=0.0.4; charset=utf-8'

/**
 * A metric family in the text format of Prometheus, version 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/). Empty where there is no sample.
 */
export function render(
  name: string,
  { type, help, labels }: MetricDefinition,
  samples: readonly Sample[],
): string {
  if (samples.length === 0) return ''
  const lines = samples.map(({ suffix = '', le, labels: values, value }) => {
    const pairs = labels.map((label, n) => `${label}="${escapeLabel(values[n] ?? '')}"`)
    if (le !== undefined) pairs.push(`le="${numberText(le)}"`)
    const inBraces = pairs.length > 0 ? `{${pairs.join(',')}}` : ''
    return `${name}${suffix}${inBraces} ${numberText(value)}\n`
  })
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"')
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  if (value === Number.NEGATIVE_INFINITY) return '-Inf'
  return String(value)
}
