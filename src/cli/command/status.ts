import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { deliveryStatuses } from '../../outbox/status.ts'
import type { Status } from '../../wiring/status.ts'
import { table } from '../output/table.ts'
import { paint, terminalWidth } from '../output/terminal.ts'
import { channelState, duration, instant, number } from '../output/words.ts'
import { onEnvoyer, type Session } from '../session.ts'
import { withExamples } from '../tree.ts'

interface Options {
  readonly watch?: true
}

const redrawMs = 2000

export function addStatus(program: Command): void {
  const command = program
    .command('status')
    .description('Show how all is doing: what waits, throughput, failures, workers, backends.')
    .option('--watch', 'show it anew every two seconds, until Ctrl-C; with --json, a line each')
    .action(onEnvoyer<Options>(status))
  withExamples(
    command,
    ['once', 'envoyer status'],
    ['and again', 'envoyer status --watch'],
    ['what waits on each channel', "envoyer status --json | jq '.channels[] | {channel, counts}'"],
  )
}

async function status({ envoyer, out }: Session, { watch }: Options): Promise<void> {
  if (!watch) {
    const seen = await envoyer.status()
    out.result(seen, () => lines(seen))
    return
  }
  const ending = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort())
  while (!ending.signal.aborted) {
    const seen = await envoyer.status()
    // On a terminal in its place, else one below the other.
    const clear = process.stdout.isTTY ? '\x1b[2J\x1b[H' : ''
    const text = out.json ? JSON.stringify(seen) : `${clear}${lines(seen).join('\n')}`
    process.stdout.write(`${text}\n`)
    await sleep(redrawMs, undefined, { signal: ending.signal }).catch(() => {})
  }
}

function lines(seen: Status): string[] {
  const { at, throughput, failures, workers, backends, buckets } = seen
  return [
    `At ${instant(at)}`,
    ...section(
      'Channels',
      ['channel', 'state', ...deliveryStatuses, 'scheduled', 'oldest due'],
      channels(seen),
    ),
    ...section(
      'Throughput',
      ['channel', 'sent a minute', 'an hour', 'failed a minute', 'an hour'],
      throughput.map(({ channel, sent, failed }) => [
        ...[channel, number(sent.minute), number(sent.hour)],
        ...[number(failed.minute), number(failed.hour)],
      ]),
    ),
    ...section(
      'Failures of the last hour',
      ['channel', 'code', 'given up', 'tries'],
      failures.map((each) => [
        each.channel,
        each.code,
        number(each.deliveries),
        number(each.tries),
      ]),
    ),
    ...section(
      'Workers',
      ['host', 'pid', 'alive', 'version', 'in flight', 'since', 'channels'],
      workers.map((each) => [
        ...[each.host, String(each.pid), each.alive ? 'yes' : 'no', each.version],
        ...[number(each.inFlight), instant(each.startedAt), each.channels.join(', ')],
      ]),
      'No worker runs: nothing is delivered.',
    ),
    ...section(
      'Backends that failed',
      ['channel', 'backend', 'failures in a row', 'down for'],
      backends.map((each) => [
        ...[each.channel, each.backend, number(each.failures)],
        each.downForMs > 0 ? duration(each.downForMs) : 'up',
      ]),
    ),
    ...section(
      'Rates',
      ['of', 'left', 'at once'],
      buckets.map(({ name, tokens, capacity }) => [
        ...[name.replace(/^channel:/, ''), number(Math.floor(tokens)), number(capacity)],
      ]),
    ),
  ]
}

const channels = ({ channels }: Status) =>
  channels.map(({ channel, counts, scheduled, oldestDueMs, estimated, ...setting }) => [
    channel,
    channelState(setting),
    ...deliveryStatuses.map((each) => {
      const count = counts[each]
      if (count === undefined) return '?'
      return estimated.includes(each as never) ? `~${number(count)}` : number(count)
    }),
    number(scheduled),
    oldestDueMs === null ? '' : duration(oldestDueMs),
  ])

/** Nothing where there is nothing to show, unless that is worth a word. */
function section(
  title: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  none?: string,
): string[] {
  if (rows.length === 0 && none === undefined) return []
  const content = rows.length === 0 ? [none!] : table(head, rows, terminalWidth())
  return ['', paint('bold', title), ...content]
}
