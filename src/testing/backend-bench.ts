import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Outgoing } from '../channel/backend.ts'
import type { Receipt } from '../channel/receipt.ts'
import type { AnyBackend, AnySite, ReceivedMessage } from './backend-site.ts'
import { becomes, broken, ended, endingOf } from './check.ts'
import { createOutgoing } from './outgoing.ts'

/** How long it is waited for what must not happen. */
export const quietMs = 30

/** A message of a check, and how it is recognised where it arrives. */
export interface Probe {
  readonly outgoing: Outgoing<unknown, unknown, unknown>
  readonly to: string
  readonly text: string
}

/** What a check works at: a fresh provider, a backend of it, and messages for it. */
export interface Bench {
  readonly site: AnySite
  readonly provider: unknown
  readonly backend: AnyBackend
  readonly patienceMs: number
  /** Another backend, closed with the bench. */
  keep(backend: AnyBackend): AnyBackend
  /** The n-th message; each has a text and an id of its own. */
  probe(n: number, over?: Partial<Outgoing<unknown, unknown, unknown>>, text?: string): Probe
  /** Sends what must be taken. */
  taken(probe: Probe): Promise<Receipt>
  /** Sends what must fail, by this backend or another one, and gives the error. */
  failure(probe: Probe, why: string, backend?: AnyBackend): Promise<Error>
  /** Ends the check unless each of them arrived once, at its address. */
  arrived(probes: readonly Probe[]): Promise<void>
  close(): Promise<void>
}

export async function createBench(site: AnySite): Promise<Bench> {
  const patienceMs = site.patienceMs ?? 10_000
  const provider = await site.start()
  const backends: AnyBackend[] = []
  const keep = (made: AnyBackend) => {
    backends.push(made)
    return made
  }
  const backend = keep(site.backend(provider))
  return {
    ...{ site, provider, backend, patienceMs, keep },
    probe(n, over = {}, text = `check ${n} ${randomBytes(6).toString('hex')}`) {
      const address = site.address(n, provider)
      const message = site.message(text)
      const options = site.options ?? {}
      const outgoing = createOutgoing({ address, message, options, ...over })
      return { outgoing, to: site.key(address), text }
    },
    async taken({ outgoing }) {
      const ending = await endingOf(() => backend.send(outgoing), patienceMs)
      if (ending.how === 'fulfilled') return ending.value
      return broken(
        '`send` resolves, since the provider is up and takes the message',
        ended(ending),
      )
    },
    failure: (probe, why, by = backend) => failureOf(by, probe, why, patienceMs),
    async arrived(probes) {
      const received = () => site.received(provider)
      await becomes(async () => (await received()).length >= probes.length, patienceMs)
      await sleep(quietMs)
      compare(probes, await received())
    },
    async close() {
      for (const each of backends) {
        await endingOf(() => each.close?.(), patienceMs)
      }
      await site.stop(provider)
    },
  }
}

async function failureOf(
  backend: AnyBackend,
  { outgoing }: Probe,
  why: string,
  ms: number,
): Promise<Error> {
  const expected = `\`send\` rejects with an Error, since ${why}`
  const ending = await endingOf(() => backend.send(outgoing), ms)
  if (ending.how === 'rejected' && ending.reason instanceof Error) return ending.reason
  return broken(expected, ended(ending))
}

function compare(probes: readonly Probe[], received: readonly ReceivedMessage[]): void {
  for (const { to, text } of probes) {
    const found = received.filter((message) => message.text.includes(text))
    if (found.length !== 1 || found[0]!.to !== to) {
      broken(
        `the message "${text}" arrives once, at ${to}`,
        found.length === 0
          ? `it did not arrive; there ${list(received)}`
          : `it arrived at ${found.map((message) => message.to).join(' and at ')}`,
      )
    }
  }
}

function list(received: readonly ReceivedMessage[]): string {
  if (received.length === 0) return 'arrived nothing'
  const some = received.slice(0, 5).map(({ to, text }) => `"${text.slice(0, 200)}" at ${to}`)
  return `arrived ${received.length}: ${some.join(', ')}`
}
