import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import { type MetricDefinition, metrics } from '../../src/metric/table.ts'

const folder = new URL('../../docs/monitoring/', import.meta.url)
const read = (name: string) => readFile(new URL(name, folder), 'utf8')

/** Labels that Prometheus puts to every series by itself. */
const ofPrometheus = ['instance', 'job']

/** The labels of a series by its name, as PromQL has it. */
function labelsOf(series: string): readonly string[] {
  const all: Readonly<Record<string, MetricDefinition>> = metrics
  const [, base = '', suffix] = /^(.*?)(_bucket|_sum|_count)?$/.exec(series) ?? []
  const definition =
    all[series] ?? (suffix && all[base]?.type === 'histogram' ? all[base] : undefined)
  assert.ok(definition, `there is no metric ${series}`)
  if (definition.type === 'histogram') assert.ok(suffix, `${series} is a histogram`)
  return [...definition.labels, ...ofPrometheus, ...(suffix === '_bucket' ? ['le'] : [])]
}

/**
 * What a PromQL expression names: each series with the labels that it selects by, and the labels
 * that are grouped by. Fails where one is not there, or where brackets do not match.
 */
function check(expression: string): void {
  const open: string[] = []
  const pairs: Record<string, string> = { ')': '(', '}': '{', ']': '[' }
  for (const sign of expression.replace(/"[^"]*"/g, '""')) {
    if ('({['.includes(sign)) open.push(sign)
    else if (pairs[sign]) assert.equal(open.pop(), pairs[sign], expression)
  }
  assert.deepEqual(open, [], expression)
  const series = [...expression.matchAll(/\b(envoyer_\w+)(?:\{([^}]*)\})?/g)]
  assert.ok(series.length > 0, `it names no metric: ${expression}`)
  for (const [, name = '', selected = ''] of series) {
    const labels = labelsOf(name)
    for (const [, label = ''] of selected.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)) {
      assert.ok(labels.includes(label), `${name} has no label ${label}`)
    }
    const isCounter = (metrics as Record<string, MetricDefinition>)[name]?.type === 'counter'
    if (isCounter || name.endsWith('_bucket')) {
      assert.match(expression, new RegExp(`(rate|increase)\\(${name}\\b`), expression)
    }
  }
  const known = new Set(series.flatMap(([, name = '']) => labelsOf(name)))
  for (const [, list = ''] of expression.matchAll(/\b(?:by|on|without)\s*\(([^)]*)\)/g)) {
    for (const label of list.split(',').map((each) => each.trim())) {
      assert.ok(known.has(label), `no metric of this has a label ${label}: ${expression}`)
    }
  }
}

describe('what is to be read', () => {
  test('fails this check where it names what is not there', () => {
    for (const wrong of [
      'envoyer_nothing > 0',
      'rate(envoyer_tries_total{chanel="x"}[5m])',
      'sum by (chanel) (rate(envoyer_tries_total[5m]))',
      'sum by (code) (envoyer_due_deliveries)',
      'rate(envoyer_claim_duration_seconds[5m])',
      'envoyer_tries_total > 0',
      'sum(envoyer_due_deliveries',
      'up == 0',
    ]) {
      assert.throws(() => check(wrong), assert.AssertionError)
    }
  })

  test('the alert rules name metrics and labels that are there, and say what to do', async () => {
    const { groups } = parse(await read('alert-rules.yml')) as {
      groups: { name: string; rules: Record<string, unknown>[] }[]
    }
    const rules = groups.flatMap((group) => group.rules)
    const names = rules.map(({ alert }) => alert)
    assert.equal(new Set(names).size, names.length)
    assert.ok(rules.length >= 6)
    for (const rule of rules) {
      const {
        alert,
        expr,
        for: during = '0s',
        labels,
        annotations,
      } = rule as {
        alert: string
        expr: string
        for?: string
        labels: { severity: string }
        annotations: { summary: string; runbook: string }
      }
      assert.match(alert, /^Envoyer[A-Z]\w+$/)
      check(expr)
      assert.match(during, /^\d+[smh]$/)
      assert.ok(['warning', 'critical'].includes(labels.severity))
      assert.ok(annotations.runbook.length > 20, alert)
      const used = [...annotations.summary.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label)
      for (const label of used) {
        const kept = new RegExp(`by \\([^)]*\\b${label}\\b`).test(expr) || label === 'instance'
        assert.ok(kept, `${alert}: ${label} is not in its result`)
      }
    }
  })

  test('the dashboard names metrics and labels that are there, and shows every metric', async () => {
    const text = await read('grafana-dashboard.json')
    const dashboard = JSON.parse(text) as {
      schemaVersion: number
      uid: string
      templating: { list: { name: string; type: string; definition?: string }[] }
      panels: {
        id: number
        type: string
        datasource?: { uid: string }
        gridPos: { x: number; y: number; w: number; h: number }
        targets?: { expr: string; legendFormat: string; datasource: { uid: string } }[]
      }[]
    }
    assert.ok(dashboard.schemaVersion >= 39)
    const variables = dashboard.templating.list.map(({ name }) => name)
    assert.deepEqual(variables, ['datasource', 'channel'])
    for (const { definition } of dashboard.templating.list)
      if (definition) {
        const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(definition) ?? []
        assert.ok(labelsOf(metric).includes(label), definition)
      }
    const ids = dashboard.panels.map(({ id }) => id)
    assert.equal(new Set(ids).size, ids.length)
    for (const { type, gridPos, targets = [] } of dashboard.panels) {
      assert.ok(gridPos.x + gridPos.w <= 24)
      assert.equal(targets.length > 0, type !== 'row')
      for (const { expr, legendFormat, datasource } of targets) {
        // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's own
        assert.equal(datasource.uid, '${datasource}')
        check(expr.replaceAll('$__rate_interval', '5m'))
        for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
          assert.match(expr, new RegExp(`by \\([^)]*\\b${label}\\b`))
        }
        for (const [, name = ''] of expr.matchAll(/\$(\w+)/g)) {
          assert.ok(['__rate_interval', ...variables].includes(name), expr)
        }
      }
    }
    for (const name of Object.keys(metrics)) assert.ok(text.includes(name), `${name} is not shown`)
  })
})
