import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { DeliveryError, Permanent, RetryAfter } from '../errors.ts'
import { findNotJson } from '../event/json.ts'
import { type Bench, quietMs } from './backend-bench.ts'
import type { BackendRule } from './backend-sending.ts'
import type { AnyBackend, AnySite } from './backend-site.ts'
import { broken, ended, endingOf, shown } from './check.ts'

/** How soon a try must end whose signal is aborted. */
const promptMs = 1000

function mustHaveCode(error: Error): void {
  const { code } = error as { code?: unknown }
  if (typeof code === 'string' && /^\S{1,100}$/.test(code)) return
  broken('the error has a `code`: a short text without spaces', `it is ${shown(error)}`)
}

function mustBeTemporary(error: Error): void {
  mustHaveCode(error)
  if (error instanceof Permanent) {
    broken('the error is not Permanent, so that the message is tried again', shown(error))
  }
}

interface Failing {
  readonly why: string
  readonly backend?: AnyBackend
}

/** Everything that can go wrong here, one after the other; each is mended before the next. */
async function* troubles({ site, provider, keep, probe }: Bench): AsyncGenerator<Failing> {
  const { address } = probe(0).outgoing
  const begin = [
    ['it refuses the address for good', site.refuse && (() => site.refuse!(provider, address))],
    ['it cannot send just now', site.fail && (() => site.fail!(provider))],
    ['it asks for a pause', site.pause && (() => site.pause!(provider))],
    ['it cannot be reached', site.down && (() => site.down!(provider))],
  ] as const
  for (const [why, start] of begin) {
    if (start === null) continue
    await start()
    yield { why }
    await site.mend(provider)
  }
  if (site.unauthorized === null) return
  yield { why: 'the credentials are wrong', backend: keep(site.unauthorized(provider)) }
}

const canFail = ({ refuse, fail, pause, down, unauthorized }: AnySite) =>
  [refuse, fail, pause, down, unauthorized].some((trouble) => trouble !== null)

/** The rules for what the provider does not take. */
export const failingRules: readonly BackendRule[] = [
  {
    name: 'a refusal for good is Permanent',
    rule: 'What can never succeed is thrown as `Permanent`, else it is tried again for hours. Its `code` is what monitoring counts.',
    applies: ({ refuse }) => refuse !== null,
    async run({ probe, failure, site, provider }) {
      const message = probe(0)
      await site.refuse!(provider, message.outgoing.address)
      const error = await failure(message, 'the provider refuses this address for good')
      if (!(error instanceof Permanent)) broken('the error is a Permanent', `it is ${shown(error)}`)
      mustHaveCode(error)
    },
  },
  {
    name: 'a failure of the moment is tried again',
    rule: '`Permanent` gives a message up. A provider that cannot send just now throws any other Error.',
    applies: ({ fail }) => fail !== null,
    async run({ probe, failure, site, provider }) {
      await site.fail!(provider)
      mustBeTemporary(await failure(probe(0), 'the provider cannot send just now'))
    },
  },
  {
    name: 'a provider that is down is tried again',
    rule: 'No message is lost because a provider cannot be reached: the Error is not `Permanent`, and its `code` tells why.',
    applies: ({ down }) => down !== null,
    async run({ probe, failure, site, provider }) {
      await site.down!(provider)
      mustBeTemporary(await failure(probe(0), 'the provider refuses connections'))
    },
  },
  {
    name: 'a pause that the provider asks for is kept',
    rule: '`RetryAfter` carries the time for which the provider wants to be left alone.',
    applies: ({ pause }) => pause !== null,
    async run({ probe, failure, site, provider }) {
      const pauseMs = await site.pause!(provider)
      const error = await failure(probe(0), 'the provider asks for a pause')
      const expected = `a RetryAfter of about ${pauseMs} ms`
      if (!(error instanceof RetryAfter)) broken(expected, `it is ${shown(error)}`)
      mustHaveCode(error)
      // A date in a header is exact to a second only.
      if (error.delayMs < pauseMs - 2_000 || error.delayMs > pauseMs * 1.1 + 2_000) {
        broken(expected, `its delay is ${error.delayMs} ms`)
      }
    },
  },
  {
    name: 'a try whose time is up ends at once',
    rule: '`outgoing.signal` is aborted when the time of a try is up, or the worker must stop. `send` then rejects, and not with `Permanent`: the message is tried again.',
    applies: ({ hang }) => hang !== null,
    async run({ probe, backend, site, provider }) {
      await site.hang!(provider)
      const time = new AbortController()
      const sending = backend.send(probe(0, { signal: time.signal }).outgoing)
      const early = await endingOf(() => sending, quietMs * 3)
      if (early.how !== 'pending') broken('`send` waits for an answer', ended(early))
      time.abort(new Error('the time is up'))
      const ending = await endingOf(() => sending, Math.min(promptMs, site.patienceMs ?? promptMs))
      const expected = `\`send\` rejects within ${promptMs} ms of the abort`
      if (ending.how !== 'rejected') broken(expected, ended(ending))
      if (ending.reason instanceof Permanent) {
        broken('the error is not Permanent', shown(ending.reason))
      }
    },
  },
  {
    name: 'an error holds no secrets, and what it keeps is plain JSON',
    rule: 'Text, code and exchange of an error are kept with the delivery, and it is given to `onFailure`, which logs it.',
    applies: canFail,
    async run(bench) {
      const { probe, failure, site, provider } = bench
      for await (const { why, backend } of troubles(bench)) {
        const error = await failure(probe(0), why, backend)
        if (error.message.trim() === '') {
          broken(`the error has a text, where ${why}`, 'it is empty')
        }
        const { exchange } = error instanceof DeliveryError ? error : {}
        const problem = findNotJson({ ...exchange })
        if (problem !== undefined) {
          broken(`the error's exchange is plain JSON, where ${why}`, problem)
        }
        const seen = inspect(error, { depth: 10, maxStringLength: null }) + JSON.stringify(exchange)
        for (const secret of site.secrets(provider)) {
          if (seen.includes(secret)) broken(`no secret is in the error, where ${why}`, seen)
        }
      }
    },
  },
  {
    name: 'the backend sends again when the trouble is over',
    rule: 'A backend lives as long as its process: one failure must not spoil the messages after it.',
    applies: (site) => canFail(site) || site.hang !== null,
    async run(bench) {
      const { probe, failure, taken, arrived, backend, site, provider } = bench
      for await (const { why, backend: other } of troubles(bench)) {
        await failure(probe(0), why, other)
      }
      if (site.hang !== null) {
        await site.hang(provider)
        const signal = AbortSignal.timeout(quietMs)
        await endingOf(() => backend.send(probe(0, { signal }).outgoing), promptMs)
        await site.mend(provider)
        await sleep(quietMs)
      }
      const messages = [probe(1), probe(2)]
      for (const message of messages) await taken(message)
      await arrived(messages)
    },
  },
]
