import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { consoleChannel } from '../../channels/console/index.ts'
import { email } from '../../channels/email/index.ts'
import { sms } from '../../channels/sms/index.ts'
import { webhook } from '../../channels/webhook/index.ts'
import type { Answer, Backend, Outgoing } from '../../src/channel/backend.ts'
import { simulations } from '../../src/channel/simulations.ts'
import { simulated, simulationOf } from '../../src/channel/simulator.ts'
import { createEnvoyer } from '../../src/envoyer.ts'
import { type DeliveryError, Permanent, RetryAfter, toError } from '../../src/errors.ts'
import type { AnyChannel } from '../../src/option/infer.ts'
import { createOutgoing } from '../../src/testing/outgoing.ts'
import { readPage } from '../docs/page.ts'
import { pager, pagerEvents, recorder } from '../support/pager.ts'

type Sent = Outgoing<unknown, never>

/** Takes everything, and several in one request. */
function provider() {
  const calls: unknown[][] = []
  const backend: Backend<never, never, never> = {
    name: 'provider',
    async send({ address }) {
      calls.push([address])
      return { id: 'real' }
    },
    async sendMany(all): Promise<Answer[]> {
      calls.push(all.map(({ address }) => address))
      return all.map(() => ({ id: 'real' }))
    },
  }
  return { ...backend, calls }
}

/** How one try ends: the code, and whether the receipt or the error says that it was simulated. */
async function end(channel: AnyChannel, address: unknown, parts: Partial<Sent> = {}) {
  const outgoing = createOutgoing({ address, message: {}, ...parts })
  try {
    const receipt = await channel.backend.send(outgoing)
    return { code: 'sent', simulated: receipt.simulated, receipt, error: undefined }
  } catch (thrown) {
    const error = toError(thrown) as DeliveryError
    return { code: error.code, simulated: error.message.startsWith('Simulated by '), error }
  }
}

const late = () => AbortSignal.abort(new Error('No answer within 10 ms'))

/** Per kind of channel, what an application writes for an outcome. */
const kinds: Record<string, (backend: never) => [AnyChannel, (name: string) => unknown[]]> = {
  email: (backend) => [
    email({ backend }),
    (name) => [
      `${name}@simulator.example`,
      `Jane Doe <${name.toUpperCase()}+jane@Simulator.Example>`,
    ],
  ],
  webhook: (backend) => [
    webhook({ backend }),
    (name) => [
      `https://${name}.simulator.example`,
      `https://${name}.simulator.example:8443/orders/7?a=b`,
      { url: `https://${name}.SIMULATOR.example/`, headers: { 'x-shop': '1' } },
    ],
  ],
  pager: (backend) => [pager({ backend }), (name) => [`simulator-${name}`, `Simulator-${name}-7`]],
  console: (backend) => [
    consoleChannel({ backend }),
    (name) => [`#simulator-${name}`, `@simulator-${name}`, `${name}@simulator.example`],
  ],
  sms: (backend) => [
    sms({ backend, defaultCountry: 'GB' }),
    (name) => {
      const { phones } = simulations.find((each) => each.name === name)!
      const local = phones.replace('+44', '0')
      return [...'0123456789'].flatMap((last) => [`${phones}${last}`, `${local}${last}`])
    },
  ],
}

for (const [kind, make] of Object.entries(kinds)) {
  describe(`simulator addresses of ${kind}`, () => {
    for (const { name } of simulations) {
      test(`${name}: what the table says, and the provider is not asked`, async () => {
        const backend = provider()
        const [given, write] = make(backend as never)
        const channel = simulated(given)
        for (const written of write(name)) {
          const address = given.definition.address.parse(written)
          const first = await end(channel, address, { signal: late() })
          const second = await end(channel, address, { signal: late(), attempt: 2 })
          const code = name === 'sent' ? 'sent' : `simulated-${name}`
          assert.deepEqual([first.code, first.simulated], [code, true])
          assert.deepEqual(
            [second.code, second.simulated],
            [name === 'second-try' ? 'sent' : code, true],
          )
          assert.equal(first.error instanceof Permanent, name === 'refused')
          if (first.error)
            assert.ok(first.error.message.includes(given.definition.address.key(address)))
          if (first.error instanceof RetryAfter) {
            assert.deepEqual([name, first.error.delayMs], ['throttled', 60_000])
            assert.equal(first.error.scope, 'delivery')
          } else assert.notEqual(name, 'throttled')
        }
        assert.deepEqual(backend.calls, [])
      })
    }
  })
}

test('a pretended receipt has an id of its own', async () => {
  const { receipt } = await end(simulated(pager({ backend: recorder() })), 'simulator-sent', {
    id: '7',
  })
  assert.deepEqual(receipt, { id: 'simulated-7', simulated: true })
})

test('addresses that only look alike are real', () => {
  const real = [
    'jane@shop.example',
    'refused@simulator.example.com',
    'refused@my-simulator.example',
    'jane@refused.simulator.example',
    'https://shop.example/?to=refused.simulator.example',
    'https://shop.example/refused@simulator.example',
    'https://shop.example/simulator-refused',
    'https://refused.simulator.example@shop.example/',
    'https://refused.simulator.example:443@shop.example/',
    '+447700900899',
    '+447700900980',
    '+4477009009100',
    '+17700900910',
    'simulator',
    'simulator-',
    'simulator-refusedly',
    'simulator-telemetry',
    'my-simulator-refused',
    'refused',
    '',
  ]
  assert.deepEqual(real.filter(simulationOf), [])
})

test('one misspelt under simulator.example is given up, and says which there are', async () => {
  const backend = provider()
  const channel = simulated(email({ backend: backend as never }))
  for (const name of ['refusd', 'jane.doe', 'constructor', '__proto__']) {
    const { code, error } = await end(channel, `${name}@simulator.example`)
    assert.equal(code, 'simulated-unknown')
    assert.ok(error instanceof Permanent)
    assert.match(error.message, /there are: sent, refused,/)
  }
  assert.deepEqual(backend.calls, [])
})

test('a group is decided by its first simulator address; without one it is real', async () => {
  const backend = provider()
  const channel = simulated(pager({ backend: backend as never }))
  const send = (...addresses: string[]) => end(channel, addresses[0], { addresses })
  assert.equal(
    (await send('1', 'simulator-throttled', 'simulator-sent')).code,
    'simulated-throttled',
  )
  assert.deepEqual(backend.calls, [])
  assert.equal((await send('1', '2')).receipt?.id, 'real')
  assert.deepEqual(backend.calls, [['1']])
})

test('no answer comes before the time is up', async () => {
  const channel = simulated(pager({ backend: recorder() }))
  const time = new AbortController()
  let ended = false
  const sending = end(channel, 'simulator-silent', { signal: time.signal })
  void sending.then(() => {
    ended = true
  })
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(ended, false)
  time.abort(new Error('No answer within 30 ms'))
  assert.match(String((await sending).error), /simulator-silent: .*No answer within 30 ms/)
})

test('real ones still go out together, and do not wait for a silent one', async () => {
  const backend = provider()
  const channel = simulated(pager({ backend: { ...backend, manyAtMost: 2 } as never }))
  const time = new AbortController()
  const silent = end(channel, 'simulator-silent', { signal: time.signal })
  const to = ['1', 'simulator-refused', '2', '3']
  const ended = await Promise.all(to.map((address) => end(channel, address)))
  assert.deepEqual(
    ended.map(({ code }) => code),
    ['sent', 'simulated-refused', 'sent', 'sent'],
  )
  assert.deepEqual(backend.calls, [['1', '2'], ['3']])
  time.abort(new Error('enough'))
  assert.equal((await silent).code, 'simulated-silent')
})

test('the backend keeps its name, its check and its end', async () => {
  const done: string[] = []
  const base = pager({ backend: recorder() })
  assert.deepEqual(Object.keys(simulated(base).backend), ['name', 'send'])
  const whole = {
    ...recorder(),
    verify: async () => void done.push('verify'),
    close: async () => void done.push('close'),
  }
  const { backend, ...rest } = simulated(pager({ backend: whole }))
  await backend.verify?.()
  await backend.close?.()
  assert.deepEqual([backend.name, done], ['recorder', ['verify', 'close']])
  const { backend: _, ...before } = base
  assert.deepEqual(rest, before)
})

test('`simulate` is true or false, not a text', () => {
  const create = (simulate: unknown) =>
    createEnvoyer({
      simulate: simulate as boolean,
      events: pagerEvents,
      channels: { pager: pager({ backend: recorder() }) },
    })
  assert.throws(() => create('false'), /`simulate` must be true or false/)
  for (const each of [true, false, undefined]) create(each)
})

test('the page shows the table', async () => {
  const rows = (await readPage('docs/guides/rehearsals.md'))
    .split('\n')
    .filter((line) => /^\| `[\w-]+` \|/.test(line))
  assert.deepEqual(
    rows,
    simulations.map(({ name, phones, happens }) => {
      const [from] = [phones.replace(/^\+44(7700)(\d+)$/, '+44 $1 $20')]
      const code = name === 'sent' ? '' : `\`simulated-${name}\``
      return `| \`${name}\` | ${from} to ${from!.slice(-3, -1)}9 | ${happens} | ${code} |`
    }),
  )
})
