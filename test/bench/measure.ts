import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { typescript } from '../support/typescript.ts'

/** Two rates of one run, side by side: what we do a second, and what nothing could do without. */
export interface BenchRow {
  readonly name: string
  readonly ours: number
  readonly floor: number
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2
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

/** Milliseconds of a clock that all processes of the machine share. */
export const sharedNow = () => Number(process.hrtime.bigint()) / 1e6

/** A message that a sink kept: one to an address that begins with `noted-`. */
export interface Noted {
  readonly name: string
  /** By `sharedNow`. */
  readonly at: number
  readonly text: string
}

export interface Sink {
  /** All that arrived so far. */
  count(): Promise<number>
  /** What was kept since the last time. */
  noted(): Promise<Noted[]>
  stop(): void
}

const self = fileURLToPath(import.meta.url)

/** An HTTP receiver in a process of its own: reads everything, answers 204. */
export async function startHttpSink(): Promise<Sink & { readonly origin: string }> {
  const sink: ChildProcess = fork(self, ['http-sink'], { execArgv: process.execArgv })
  const answer = async <T>() => ((await once(sink, 'message')) as [T])[0]
  const ask = <T>(what: 'count' | 'noted'): Promise<T> => {
    sink.send(what)
    return answer()
  }
  return {
    origin: `http://127.0.0.1:${await answer<number>()}`,
    count: () => ask('count'),
    noted: () => ask('noted'),
    stop: () => sink.disconnect(),
  }
}

/** An SMTP server in a process of its own, which takes everything. */
export async function startSmtpSink(): Promise<Sink & { readonly port: number }> {
  const script = fileURLToPath(new URL('../support/smtp-sink.ts', import.meta.url))
  const child = spawn(process.execPath, [...typescript, script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })
  const line = async () => ((await once(lines, 'line')) as [string])[0]
  const ask = (what: string) => {
    child.stdin.write(`${what}\n`)
    return line()
  }
  return {
    port: Number(await line()),
    count: async () => Number(await ask('count')),
    noted: async () => JSON.parse(await ask('noted')) as Noted[],
    stop: () => child.stdin.end(),
  }
}

function serveHttp(): void {
  let count = 0
  let noted: Noted[] = []
  const server = createServer((request, response) => {
    const name = request.url!.slice(request.url!.lastIndexOf('/') + 1)
    const chunks: Buffer[] = []
    if (name.startsWith('noted-')) request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.resume().once('end', () => {
      count += 1
      if (chunks.length > 0)
        noted.push({ name, at: sharedNow(), text: Buffer.concat(chunks).toString() })
      response.writeHead(204).end()
    })
  })
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
  process.on('message', (what) => {
    process.send?.(what === 'count' ? count : noted)
    if (what === 'noted') noted = []
  })
  process.once('disconnect', () => process.exit())
}

if (isMain(import.meta.url) && process.argv[2] === 'http-sink') serveHttp()
