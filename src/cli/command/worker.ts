import type { Command } from 'commander'
import { duration } from '../output/words.ts'
import { onEnvoyer, type Session } from '../session.ts'
import { withExamples } from '../tree.ts'
import { given, readCount, readList } from '../values.ts'

interface Options {
  readonly channels?: readonly string[]
  readonly concurrency?: number
}

const endings = ['SIGTERM', 'SIGINT'] as const

export function addWorker(program: Command): void {
  const command = program
    .command('worker')
    .description(
      'Deliver what is due, until SIGTERM or SIGINT; then end what is in flight and stop.',
    )
    .option('--channels <names>', 'only these channels, separated by commas', readList)
    .option('--concurrency <number>', 'deliveries in flight on each channel', readCount)
    .action(onEnvoyer<Options>(work))
  withExamples(
    command,
    ['serve every channel', 'envoyer worker'],
    ['mails only, ten at a time', 'envoyer worker --channels email --concurrency 10'],
  )
}

async function work({ envoyer, out }: Session, options: Options): Promise<void> {
  const { channels, concurrency } = options
  const startedAt = performance.now()
  const told = toldToEnd()
  const worker = await envoyer.worker({
    ...given({ channels, concurrency }),
    // It is this command that ends, with exit code 0.
    stopOn: [],
  })
  const serves = channels ?? envoyer.names.channels
  say(out.json, { state: 'started', pid: process.pid, channels: serves }, () => {
    return `The worker has started (process ${process.pid}) and serves ${serves.join(', ')}.`
  })
  const signal = await Promise.race([told, worker.stopped])
  await worker.stop()
  const ranMs = Math.round(performance.now() - startedAt)
  say(out.json, { state: 'stopped', signal: signal ?? null, ranMs }, () => {
    return `The worker has stopped${signal ? ` on ${signal}` : ''} after ${duration(ranMs)}.`
  })
}

/** Resolves at the first signal; a second one ends the process, as signals do. */
function toldToEnd(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const heard = (signal: NodeJS.Signals) => {
      for (const each of endings) process.off(each, heard)
      resolve(signal)
    }
    for (const each of endings) process.on(each, heard)
  })
}

function say(json: boolean, document: object, line: () => string): void {
  process.stdout.write(`${json ? JSON.stringify(document) : line()}\n`)
}
