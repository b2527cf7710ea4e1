import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { consoleChannel, stdout } from '../../channels/console/index.ts'
import { createOutgoing } from '../../src/testing/outgoing.ts'
import { typescript } from '../support/typescript.ts'

const outgoing = createOutgoing({
  id: '0193f3a0-0000-7000-8000-000000000001',
  channel: 'console',
  address: 'jane@x.example',
  message: {},
  context: { at: new Date(0) },
  input: { orderId: '1042', at: '1970-01-01T00:00:00.000Z' },
})

async function printed(over: object = {}, options: { color?: boolean } = {}) {
  const blocks: string[] = []
  const backend = stdout({ ...options, write: (text) => void blocks.push(text) })
  await backend.send({ ...outgoing, ...over })
  return blocks.join('')
}

test('a message is printed as one block under its event and recipient', async () => {
  assert.equal(
    await printed({ message: { text: 'Your order\nis on its way.\n' } }),
    '[console] order-shipped → jane@x.example (en 0193f3a0-0000-7000-8000-000000000001)\n' +
      '  Your order\n  is on its way.\n',
  )
})

test('without a template, the context is printed as it was given', async () => {
  assert.match(
    await printed(),
    /\n {2}\{\n {4}"orderId": "1042",\n {4}"at": "1970-01-01T00:00:00.000Z"\n {2}\}\n$/,
  )
})

test('a later try says so', async () => {
  assert.match(await printed({ attempt: 3 }), /\(en try 3 /)
})

test('nothing that is printed is obeyed by a terminal, or passes for another message', async () => {
  const text = fc.string({ unit: 'binary' })
  const hostile = fc.oneof(
    text,
    fc.constantFrom('\x1b[2J', '\x1b]0;x\x07', '\r', '\x9b', '\u202e', '\nx'),
  )
  await fc.assert(
    fc.asyncProperty(hostile, hostile, hostile, async (event, address, body) => {
      const out = await printed({ event, address, message: { text: `a${body}` }, input: { body } })
      assert.doesNotMatch(out, /[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/u)
      const [head, ...lines] = out.trimEnd().split('\n')
      assert.ok(head!.startsWith('[console] '))
      for (const line of lines) assert.ok(line.startsWith('  '), out)
    }),
  )
  assert.match(await printed({ message: { text: 'red \x1b[31m' } }), /red \\x1b\[31m/)
})

test('there are colours on a terminal only, or where they are asked for', async () => {
  assert.ok(!(await printed()).includes('\x1b'))
  assert.ok((await printed({}, { color: true })).startsWith('\x1b[36m[console]\x1b[0m'))
  const script = `
    import { stdout } from './channels/console/index.ts'
    const outgoing = ${JSON.stringify(outgoing)}
    const { signal } = new AbortController()
    await stdout().send({ ...outgoing, signal, message: { text: 'x'.repeat(200_000) } })`
  const options = [...typescript, '--input-type=module', '-e', script]
  const { stdout: out } = await promisify(execFile)(process.execPath, options)
  assert.match(out, /^\[console\] order-shipped/)
  assert.ok(out.length > 200_000)
})

test('the channel works without options, and reaches any recipient', () => {
  const { backend, definition } = consoleChannel()
  assert.equal(backend.name, 'stdout')
  const { fromRecipient, parse, key } = definition.address
  const addressOf = (recipient: Record<string, unknown>) => parse(fromRecipient!(recipient))
  assert.equal(addressOf({ email: 'a@b.c', phone: '+49123' }), 'a@b.c')
  assert.equal(addressOf({ userId: 7, email: 'a@b.c' }), '7')
  assert.equal(addressOf({ topic: 'orders' }), 'orders')
  assert.equal(parse({ room: 4 }), '{"room":4}')
  assert.equal(key('x'), 'x')
})

test('a recipient with no known key is told apart from others without its values being stored', () => {
  const { fromRecipient } = consoleChannel().definition.address
  const one = fromRecipient!({ locale: 'de', passwordHash: 'hunter2' })
  assert.match(String(one), /^\{locale, passwordHash\} #[\da-f]{12}$/)
  assert.equal(fromRecipient!({ passwordHash: 'hunter2', locale: 'de' }), one)
  assert.notEqual(fromRecipient!({ locale: 'de', passwordHash: 'hunter3' }), one)
  const circular: Record<string, unknown> = { size: 10n }
  circular.self = circular
  assert.match(String(fromRecipient!(circular)), /^\{self, size\} #/)
})
