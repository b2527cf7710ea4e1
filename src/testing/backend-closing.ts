import { setTimeout as sleep } from 'node:timers/promises'
import { type Bench, quietMs } from './backend-bench.ts'
import type { BackendRule } from './backend-sending.ts'
import type { AnyBackend } from './backend-site.ts'
import { broken, ended, endingOf, nothingMoreOpen, openHandles } from './check.ts'

async function mustPass(backend: AnyBackend, ms: number): Promise<void> {
  const ending = await endingOf(() => backend.verify!(), ms)
  if (ending.how === 'fulfilled') return
  broken('`verify` resolves while the provider is up', ended(ending))
}

async function mustThrow(backend: AnyBackend, why: string, ms: number): Promise<void> {
  const ending = await endingOf(() => backend.verify!(), ms)
  if (ending.how === 'rejected' && ending.reason instanceof Error) return
  broken(`\`verify\` rejects with an Error, since ${why}`, ended(ending))
}

/** What a backend has and a site says it has not, or the other way round. */
function mustHave(backend: AnyBackend, name: 'verify' | 'sendMany', told: boolean): void {
  const has = backend[name] !== undefined
  if (has === told) return
  broken(
    told
      ? `the backend has \`${name}\`, as its site says`
      : `the site says that there is \`${name}\``,
    told ? 'it has none' : 'the backend has it, and the site says that it has not',
  )
}

/** The rules for the life of a backend. */
export const closingRules: readonly BackendRule[] = [
  {
    name: 'verify tells whether the provider is there and takes our credentials',
    rule: '`verify` is called when an application starts or is deployed; where it passes, messages can go out.',
    async run({ backend, site, provider, keep, patienceMs }) {
      mustHave(backend, 'verify', site.verifies)
      if (!site.verifies) return
      await mustPass(backend, patienceMs)
      if (site.unauthorized !== null) {
        const other = keep(site.unauthorized(provider))
        await mustThrow(other, 'its credentials are wrong', patienceMs)
      }
      if (site.down !== null) {
        await site.down(provider)
        await mustThrow(backend, 'the provider cannot be reached', patienceMs)
        await site.mend(provider)
        await mustPass(backend, patienceMs)
      }
    },
  },
  {
    name: 'close settles what is under way, and can be called twice',
    rule: 'A worker that stops closes its backends; each message must be known to be sent or not.',
    async run({ backend, probe, arrived, patienceMs }) {
      const message = probe(0)
      const sending = backend.send(message.outgoing)
      // What rejects while `close` is waited for is looked at below.
      sending.catch(() => {})
      for (const time of ['first', 'second']) {
        const ending = await endingOf(() => backend.close?.(), patienceMs)
        if (ending.how === 'fulfilled') continue
        broken(`the ${time} call of \`close\` resolves`, ended(ending))
      }
      const ending = await endingOf(() => sending, quietMs)
      if (ending.how === 'pending') {
        broken(
          'a `send` that was under way has ended when `close` resolves',
          'it was still pending',
        )
      }
      if (ending.how === 'fulfilled') await arrived([message])
    },
  },
  {
    name: 'close leaves nothing open',
    rule: 'What a backend opens, connections and timers, keeps the process from ending unless `close` ends it.',
    async run({ backend, probe, taken, patienceMs }) {
      const before = openHandles()
      await Promise.all([0, 1, 2].map((n) => taken(probe(n))))
      await backend.close?.()
      const expected = 'after `close` no more is open than before the first message'
      // The connections of `fetch` belong to the process, and end by themselves after 4 s.
      await nothingMoreOpen(before, expected, Math.min(patienceMs, 6_000))
    },
  },
  {
    name: 'sendMany gives each message its own answer, in order',
    rule: '`sendMany` gives one answer each: the receipt, or the error that `send` would have thrown. One bad message does not take the others down.',
    async run({ backend, probe, site, provider, arrived, patienceMs }) {
      mustHave(backend, 'sendMany', site.sendsMany)
      if (!site.sendsMany) return
      const messages = [0, 1, 2, 3].map((n) => probe(n))
      const bad = site.refuse === null ? undefined : messages[1]!
      if (bad) await site.refuse!(provider, bad.outgoing.address)
      const all = messages.map(({ outgoing }) => outgoing)
      const { signal } = new AbortController()
      const ending = await endingOf(() => backend.sendMany!(all, signal), patienceMs)
      const good = messages.filter((message) => message !== bad)
      const expected = bad
        ? 'four answers: the second an Error, since its address is refused, the others receipts'
        : 'four receipts'
      const answers = ending.how === 'fulfilled' ? ending.value : []
      const right = messages.every((message, n) => {
        const answer: unknown = answers[n]
        return message === bad ? answer instanceof Error : isReceipt(answer)
      })
      if (answers.length !== messages.length || !right) broken(expected, ended(ending))
      await arrived(good)
    },
  },
  {
    name: 'a group is reached, and the receipt names whom the provider did not take',
    rule: '`outgoing.addresses` are all that a message goes to. Those refused while others are taken stand in `receipt.refused`, by their key, and are not tried again; where none is taken, `send` throws.',
    applies: ({ groups }) => groups,
    async run(bench) {
      const { probe, failure, site, provider } = bench
      const members = [0, 1, 2].map((n) => probe(n))
      const addresses = members.map(({ outgoing }) => outgoing.address)
      const keys = members.map(({ to }) => to)
      await mustReach(bench, addresses, keys, [])
      if (site.refuse === null) return
      await site.refuse(provider, addresses[1])
      await mustReach(bench, addresses, [keys[0]!, keys[2]!], [keys[1]!])
      for (const address of addresses) await site.refuse(provider, address)
      await failure(probe(0, { addresses }), 'all of the group are refused')
    },
  },
]

/** Sends to a group, of which these must be reached, and these told as refused. */
async function mustReach(
  { probe, taken, site, provider }: Bench,
  addresses: readonly unknown[],
  reached: readonly string[],
  refused: readonly string[],
): Promise<void> {
  const message = probe(0, { addresses })
  const receipt = await taken(message)
  const told = (receipt?.refused ?? []).map(({ address }) => address)
  if (String(told) !== String(refused)) {
    broken(`\`receipt.refused\` names [${refused.join(', ')}]`, `it names [${told.join(', ')}]`)
  }
  await sleep(quietMs)
  const received = await site.received(provider)
  const to = received.filter(({ text }) => text.includes(message.text)).map((one) => one.to)
  if (String(to.sort()) !== String([...reached].sort())) {
    broken(`the message reaches [${reached.join(', ')}]`, `it reached [${to.join(', ')}]`)
  }
}

function isReceipt(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && !(answer instanceof Error)
}
