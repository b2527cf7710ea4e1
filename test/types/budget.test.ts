import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { compile } from './compile.ts'

const folder = fileURLToPath(new URL('cases', import.meta.url))
const events = 50
const sends = 100

/**
 * Type instantiations are what makes an editor slow, and a count of them is the same on every
 * machine. About 1.3 times what was measured; who needs more should know why.
 */
const budget = { inApplication: 68_000, perSend: 90 }

const each = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, i) => make(i))

/** An application with 50 events, 5 channels and as many sends as asked for. */
function application(sendCount: number): string {
  const names = ['email', 'webhook', 'sms', 'push', 'pager']
  return `
import { z } from 'zod'
import { email, smtp } from '../../../channels/email/index.ts'
import { http, webhook } from '../../../channels/webhook/index.ts'
import { createEnvoyer, defineChannel, defineEvent } from '../../../src/index.ts'
interface User { name: string; email?: string; phone?: string; devices: string[]; born: Date }
const backend = { name: 'none', send: async () => ({}) }
const own = <const Key extends string>(recipientKey: Key) => defineChannel({
  address: { recipientKey, parse: (value) => String(value), key: (address: string) => address },
  parts: { text: 'required' },
})
const events = {
${each(
  events,
  (i) => `  'event-${i}': defineEvent({
    label: 'Event ${i}',
    context: z.object({
      id${i}: z.string(), count: z.number().int(), note: z.string().optional(),
      at: z.iso.datetime().transform((text) => new Date(text)),
      lines: z.array(z.object({ sku: z.string(), price: z.number(), kind: z.enum(['a', 'b']) })),
    }),
    channels: ['${names[i % 5]}', '${names[(i + 1) % 5]}'],
    channelOptions: { email: { replyTo: 'us@example.org' } },
  }),`,
).join('\n')}
}
const envoyer = createEnvoyer({
  events,
  channels: {
    email: email({ backend: smtp({ url: 'smtp://127.0.0.1', from: 'a@example.org' }) }),
    webhook: webhook({ backend: http() }),
    sms: own('phone')({ backend }), push: own('device')({ backend }), pager: own('pager')({ backend }),
  },
  recipient: {
    address: { push: (user: User) => user.devices },
    data: (user) => ({ name: user.name }),
  },
})
declare const users: User[]
${each(
  sendCount,
  (
    i,
  ) => `await envoyer.send('event-${i % events}', ${i % 3 ? 'users' : "{ email: 'a@example.org' }"}, {
  id${i % events}: '${i}', count: ${i}, at: '2026-01-01T00:00:00Z', lines: [{ sku: 'x', price: 1, kind: 'a' }],
}, { channels: ['${names[i % 5]}'], key: 'order:${i}', channelOptions: { webhook: { headers: { a: 'b' } } } })`,
).join('\n')}
`
}

function measure(text: string): number {
  const file = join(folder, 'shop.ts')
  const program = compile([file], (path, found) => (path === file ? text : found))
  const diagnostics = program.getSemanticDiagnostics(program.getSourceFile(file))
  assert.deepEqual(
    diagnostics.map((each) => ts.flattenDiagnosticMessageText(each.messageText, '\n')),
    [],
  )
  return program.getInstantiationCount()
}

test('an application costs the compiler no more than its budget', (t) => {
  const whole = measure(application(sends))
  const withoutSends = measure(application(0))
  const perSend = (whole - withoutSends) / sends
  t.diagnostic(
    `${events} events, 5 channels, ${sends} sends: ${whole} instantiations, ${perSend} a send`,
  )
  assert.ok(whole <= budget.inApplication)
  assert.ok(perSend <= budget.perSend)
})

test('what an editor shows of an envoyer is its events and channels, by their names', () => {
  const file = join(folder, 'shop.ts')
  const program = compile([file])
  const source = program.getSourceFile(file)!
  const checker = program.getTypeChecker()
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(source)!)
  const shop = exported.find(({ name }) => name === 'shop')!
  const shown = checker.typeToString(
    checker.getTypeOfSymbol(shop),
    source,
    ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope,
  )
  assert.match(shown, /^Envoyer<\{ 'order-shipped': EventDefinition</)
  assert.ok(shown.length < 900, shown)
})
