import type { Channel } from '../baseline/common.ts'
import type { Latency, Spread } from './bench.ts'
import { names } from './contestants.ts'
import type { Figures, Goal } from './goals.ts'

const whole = (value: number) => Math.round(value).toLocaleString('en')
const between = (value: Spread) => `${whole(value.min)}–${whole(value.max)} (${value.all.length})`
const ms = (value: number) => `${value.toFixed(1)} ms`

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows]
  const widths = head.map((_, n) => Math.max(...lines.map((row) => row[n]!.length)))
  const line = (row: readonly string[]) =>
    row.map((cell, n) => (n === 0 ? cell.padEnd(widths[n]!) : cell.padStart(widths[n]!))).join('  ')
  return lines.map(line).join('\n')
}

function raceTable({ race }: Figures, channel: Channel): string {
  const rows = names.map((name) => {
    const { messagesPerSecond: rate, cpuSecondsPer10000, ...of } = race[channel][name]
    return [
      name,
      whole(rate.median),
      between(rate),
      cpuSecondsPer10000.median.toFixed(2),
      whole(of.peakMemoryBytes / 1e6),
      of.latencyMs ? ms(of.latencyMs.p50) : '',
      of.latencyMs ? ms(of.latencyMs.p99) : '',
    ]
  })
  const head = [
    channel,
    'messages/s',
    'spread (rounds)',
    'CPU s/10,000',
    'peak MB',
    'idle p50',
    'idle p99',
  ]
  return table(head, rows)
}

function backlogTable({ backlog: { sizes, during } }: Figures): string {
  const rows = sizes.map((each) => [
    whole(each.waiting),
    whole(each.enqueuedPerSecond),
    whole(each.deliveredPerSecond),
    each.cpuSecondsPer10000.toFixed(2),
    whole(each.sequentialScans),
  ])
  const head = ['waiting', 'sent/s', 'delivered/s', 'CPU s/10,000', 'sequential scans']
  const late = ({ p50, p99, max, count, missing }: Latency) =>
    `p50 ${ms(p50)}, p99 ${ms(p99)}, max ${ms(max)} of ${count}${missing > 0 ? `, ${missing} missing` : ''}`
  return [
    table(head, rows),
    `single messages while ${whole(during.waiting)} wait (${whole(during.left)} at the end):`,
    `  single ${late(during.singleMs)}`,
    `  urgent ${late(during.urgentMs)}`,
  ].join('\n')
}

/** For people. */
export function describe(figures: Figures, goals: readonly Goal[]): string {
  const { machine, bulk } = figures
  const { node, postgres, redis, cores, cpu, load } = machine
  return [
    `Node.js ${node}, ${postgres}, ${redis}, ${cores} cores (${cpu}), load before ${load.toFixed(1)}`,
    'Each contestant is one process that sends and works; sinks and servers have their own.',
    raceTable(figures, 'webhook'),
    raceTable(figures, 'email'),
    table(
      [`send to ${whole(bulk.recipients)}`, 'rows/s', 'spread (rounds)'],
      [
        ['envoyer', whole(bulk.rowsPerSecond.median), between(bulk.rowsPerSecond)],
        ['bare inserts', whole(bulk.bareRowsPerSecond.median), between(bulk.bareRowsPerSecond)],
      ],
    ),
    backlogTable(figures),
    table(
      ['goal', 'is', 'wanted', ''],
      goals.map(({ name, value, goal, better, reached }) => [
        name,
        value.toFixed(2),
        `${better === 'more' ? '≥' : '≤'} ${goal}`,
        reached ? 'reached' : 'missed',
      ]),
    ),
  ].join('\n\n')
}
