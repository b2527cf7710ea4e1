import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** Two rates of one run, side by side: what we do a second, and what nothing could do without. */
export interface BenchRow {
  readonly name: string
  readonly ours: number
  readonly floor: number
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
}

/** Rounds of both in turn, so that a noisy moment meets both; the first one of each warms up. */
export async function interleave(
  name: string,
  rounds: number,
  ours: () => Promise<number>,
  floor: () => Promise<number>,
): Promise<BenchRow> {
  const rates = { ours: [] as number[], floor: [] as number[] }
  for (let round = 0; round <= rounds; round += 1) {
    const pair = { ours: await ours(), floor: await floor() }
    if (round === 0) continue
    rates.ours.push(pair.ours)
    rates.floor.push(pair.floor)
  }
  return { name, ours: median(rates.ours), floor: median(rates.floor) }
}

/** How many a second, where `work` does `count` of them. */
export async function perSecond(count: number, work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return (count * 1000) / (performance.now() - began)
}

/** Calls `work` `count` times, so many at once. */
export async function inLanes(
  lanes: number,
  count: number,
  work: (n: number) => Promise<unknown>,
): Promise<void> {
  let next = 0
  const lane = async () => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

export function print(rows: readonly BenchRow[]): void {
  for (const { name, ours, floor } of rows) {
    const ratio = (ours / floor).toFixed(2)
    console.log(
      `${name.padEnd(58)} ${Math.round(ours).toString().padStart(8)}/s   floor ${Math.round(floor).toString().padStart(8)}/s   ratio ${ratio}`,
    )
  }
}

/** True where the module was started by itself. */
export function isMain(url: string): boolean {
  return process.argv[1] === fileURLToPath(url)
}

const self = fileURLToPath(import.meta.url)

/** An HTTP receiver in a process of its own: reads everything, answers 204. */
export async function startHttpSink(): Promise<{ origin: string; stop(): void }> {
  const sink: ChildProcess = fork(self, ['http-sink'], { execArgv: process.execArgv })
  const [port] = (await once(sink, 'message')) as [number]
  return { origin: `http://127.0.0.1:${port}`, stop: () => sink.disconnect() }
}

/** An SMTP server in a process of its own, which takes everything. */
export async function startSmtpSink(): Promise<{
  port: number
  count(): Promise<number>
  stop(): void
}> {
  const script = fileURLToPath(new URL('../support/smtp-sink.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })
  const number = async () => Number(((await once(lines, 'line')) as [string])[0])
  return {
    port: await number(),
    count: () => {
      child.stdin.write('\n')
      return number()
    },
    stop: () => child.stdin.end(),
  }
}

if (isMain(import.meta.url) && process.argv[2] === 'http-sink') {
  const server = createServer((request, response) => {
    request.resume().once('end', () => response.writeHead(204).end())
  })
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
  process.once('disconnect', () => process.exit())
}
