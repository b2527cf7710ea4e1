import assert from 'node:assert/strict'

/** A family as the text format has it. */
export interface Family {
  type: string
  help: string
  readonly samples: ScrapedSample[]
}

export interface ScrapedSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const metricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*/
const labelName = /^[a-zA-Z_][a-zA-Z0-9_]*/
const types = ['counter', 'gauge', 'histogram', 'summary', 'untyped']

/**
 * Reads the text format, version 0.0.4, as its specification has it, and fails at whatever is not in
 * it: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function parseMetrics(text: string): Map<string, Family> {
  assert.ok(text === '' || text.endsWith('\n'), 'the last line must end with a line feed')
  const families = new Map<string, Family>()
  const typed = new Set<string>()
  const ended = new Set<string>()
  const seen = new Set<string>()
  let current: string | undefined
  /** All lines of one metric stand together. */
  const enter = (name: string): Family => {
    if (current !== undefined && current !== name) ended.add(current)
    assert.ok(!ended.has(name), `${name} stands in two groups`)
    current = name
    const family = families.get(name) ?? { type: 'untyped', help: '', samples: [] }
    families.set(name, family)
    return family
  }
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue
    if (line.startsWith('#')) {
      const [, word, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? []
      if (word === undefined) continue
      assert.equal(metricName.exec(name)?.[0], name, line)
      const family = enter(name)
      if (word === 'HELP') family.help = unescaped(rest, /\\([\\n])/g)
      else {
        assert.ok(types.includes(rest), line)
        assert.ok(!typed.has(name), `a second TYPE of ${name}`)
        assert.equal(family.samples.length, 0, `TYPE of ${name} after its first sample`)
        typed.add(name)
        family.type = rest
      }
      continue
    }
    const sample = parseSample(line)
    const base = sample.name.replace(/_(bucket|sum|count)$/, '')
    const isPart = families.get(base)?.type === 'histogram'
    enter(isPart ? base : sample.name).samples.push(sample)
    const identity = `${sample.name}${JSON.stringify(Object.entries(sample.labels).sort())}`
    assert.ok(!seen.has(identity), `${identity} is there twice`)
    seen.add(identity)
  }
  for (const [name, family] of families)
    if (family.type === 'histogram') checkHistogram(name, family)
  return families
}

function unescaped(text: string, pattern: RegExp): string {
  return text.replace(pattern, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))
}

function parseSample(line: string): ScrapedSample {
  const name = metricName.exec(line)?.[0]
  assert.ok(name, `no metric name: ${line}`)
  let rest = line.slice(name.length)
  const labels: Record<string, string> = {}
  if (rest.startsWith('{')) {
    rest = rest.slice(1)
    while (!rest.startsWith('}')) {
      const label = labelName.exec(rest)?.[0]
      assert.ok(label, `no label name: ${rest}`)
      const [quoted, value] = /^="((?:[^"\\\n]|\\[\\"n])*)"/.exec(rest.slice(label.length)) ?? []
      assert.ok(quoted !== undefined && value !== undefined, `no label value: ${rest}`)
      assert.ok(!(label in labels), `${label} twice: ${line}`)
      labels[label] = unescaped(value, /\\([\\"n])/g)
      rest = rest.slice(label.length + quoted.length)
      if (rest.startsWith(',')) rest = rest.slice(1)
      else assert.ok(rest.startsWith('}'), rest)
    }
    rest = rest.slice(1)
  }
  const [, number = ''] = /^\s+(\S+)(?:\s+-?\d+)?$/.exec(rest) ?? []
  return { name, labels, value: parseNumber(number) }
}

/** As Go's `ParseFloat` takes it. */
function parseNumber(text: string): number {
  if (/^[+-]?Inf$/.test(text)) {
    return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  }
  if (text === 'NaN') return Number.NaN
  assert.match(text, /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/)
  return Number(text)
}

function checkHistogram(name: string, { samples }: Family): void {
  // Map.groupBy is not in Node.js 20.
  for (const series of new Set(samples.map(seriesOf))) {
    const group = samples.filter((sample) => seriesOf(sample) === series)
    const of = (suffix: string) => group.filter((sample) => sample.name === `${name}${suffix}`)
    const buckets = of('_bucket')
    const bounds = buckets.map(({ labels }) => parseNumber(labels.le ?? ''))
    assert.equal(bounds.at(-1), Number.POSITIVE_INFINITY, `${name}${series} has no +Inf`)
    assert.deepEqual(
      bounds,
      [...bounds].sort((a, b) => a - b),
    )
    const counts = buckets.map(({ value }) => value)
    assert.deepEqual(
      counts,
      [...counts].sort((a, b) => a - b),
      `${name} must add up`,
    )
    assert.equal(of('_count').length, 1)
    assert.equal(of('_sum').length, 1)
    assert.equal(of('_count')[0]!.value, counts.at(-1))
  }
}

const seriesOf = ({ labels: { le: _, ...labels } }: ScrapedSample) =>
  JSON.stringify(Object.entries(labels).sort())

/** The value of one series; `undefined` where it is not there. */
export function sampleOf(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const all = [...families.values()].flatMap(({ samples }) => samples)
  return all.find(
    (sample) =>
      sample.name === name &&
      Object.keys(sample.labels).length === Object.keys(labels).length &&
      Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  )?.value
}
