import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import type { Receipt } from '../channel/receipt.ts'
import { findNotJson } from '../event/json.ts'
import { type Bench, quietMs } from './backend-bench.ts'
import type { AnySite } from './backend-site.ts'
import { broken, ended, endingOf, type Rule } from './check.ts'

/** A check of a backend: its rule, and where it applies. */
export type BackendRule = Rule<Bench, AnySite>

/** What providers and encodings lose first. */
const trickyText = 'Größe 42 & “10 %” <b>für</b> 5 €: it\'s "明日" 🚚, #1 \\n {{ x }}'

/** The rules for what the provider takes. */
export const sendingRules: readonly BackendRule[] = [
  {
    name: 'the backend has a name that stays the same',
    rule: '`name` is written into the records of each delivery, and tells members of a failover apart.',
    async run({ backend, keep, site, provider }) {
      const expected = '`name` is a text of 1 to 100 characters, the same for each backend made'
      const { name } = backend
      const other = keep(site.backend(provider)).name
      if (typeof name !== 'string' || name.trim() === '' || name.length > 100 || name !== other) {
        broken(expected, `it is ${inspect(name)} and ${inspect(other)}`)
      }
    },
  },
  {
    name: 'a message arrives once, whole, at its address',
    rule: '`send` resolves when the provider has taken the message, with its parts as they were rendered.',
    async run({ probe, taken, arrived }) {
      const message = probe(0, {}, trickyText)
      await taken(message)
      await arrived([message])
    },
  },
  {
    name: 'twenty messages at once arrive once each',
    rule: 'A worker has many messages in flight over one backend: nothing of one may get into another.',
    async run({ probe, taken, arrived }) {
      const messages = Array.from({ length: 20 }, (_, n) => probe(n))
      await Promise.all(messages.map(taken))
      await arrived(messages)
    },
  },
  {
    name: 'a receipt is plain JSON',
    rule: 'A receipt is kept with the delivery in the database: an object of what JSON and PostgreSQL can hold.',
    async run({ probe, taken }) {
      const receipt: unknown = await taken(probe(0))
      const expected = 'the receipt is an object of plain JSON'
      if (receipt === null || typeof receipt !== 'object' || Array.isArray(receipt)) {
        broken(expected, `it is ${inspect(receipt)}`)
      }
      const problem = findNotJson(receipt)
      if (problem !== undefined) broken(expected, problem)
      const { id } = receipt as Receipt
      if (id !== undefined && typeof id !== 'string') {
        broken("`id`, the provider's own, is a text where it is there", `it is ${inspect(id)}`)
      }
    },
  },
  {
    name: 'a receipt holds no secrets',
    rule: 'Whoever may look at deliveries may look at receipts. Mask what the provider repeats.',
    async run({ probe, taken, site, provider }) {
      const receipt = inspect(await taken(probe(0)), { depth: 20, maxStringLength: null })
      for (const secret of site.secrets(provider)) {
        if (receipt.includes(secret)) broken('no secret is in the receipt', `it is ${receipt}`)
      }
    },
  },
  {
    name: 'what is to be sent is left as it is',
    rule: 'The same object goes to the next member of a failover, and into the records.',
    async run({ probe, backend, arrived, patienceMs }) {
      const message = probe(0)
      freeze(message.outgoing)
      const ending = await endingOf(() => backend.send(message.outgoing), patienceMs)
      if (ending.how !== 'fulfilled') {
        broken('a deeply frozen message is sent as any other', ended(ending))
      }
      await arrived([message])
    },
  },
  {
    name: 'each try of a message carries the same id, each message another',
    rule: '`outgoing.id` is the same on each try. Passed on, it lets the provider recognise a second one.',
    applies: ({ takesIds }) => takesIds,
    async run({ probe, taken, site, provider }) {
      const first = probe(0)
      const again = { ...first, outgoing: { ...first.outgoing, attempt: 2 } }
      for (const message of [first, again, probe(1)]) await taken(message)
      const [one, two, other] = (await site.received(provider)).map(({ id }) => id)
      if (!one || one !== two || one === other) {
        broken(
          'of three messages received, the first two have one id and the third another',
          `they have ${inspect([one, two, other])}`,
        )
      }
    },
  },
  {
    name: 'a message whose time was up before it began is not sent',
    rule: '`outgoing.signal` may be aborted already: then `send` rejects, and sends nothing.',
    async run({ probe, failure, site, provider }) {
      const message = probe(0, { signal: AbortSignal.abort() })
      await failure(message, '`outgoing.signal` was aborted before')
      await sleep(quietMs)
      const count = (await site.received(provider)).length
      if (count > 0) broken('nothing arrives', `${count} message arrived`)
    },
  },
]

/** Deeply, as far as it is plain: an AbortSignal has to stay alive. */
function freeze(value: unknown): void {
  if (value === null || typeof value !== 'object' || Object.isFrozen(value)) return
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && !Array.isArray(value)) return
  Object.freeze(value)
  for (const each of Object.values(value)) freeze(each)
}
