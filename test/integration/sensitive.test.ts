import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { z } from 'zod'
import { email, smtp } from '../../channels/email/index.ts'
import { http, webhook } from '../../channels/webhook/index.ts'
import { delays, fixed } from '../../src/channel/retry.ts'
import { createEnvoyer } from '../../src/envoyer.ts'
import { DeliveryError, type EnvoyerError, Permanent } from '../../src/errors.ts'
import { defineEvent } from '../../src/event/define.ts'
import type { Surroundings } from '../../src/option/configuration.ts'
import { temporaryDirectory, until } from '../support/database.ts'
import { type Engine, onEveryEngine } from '../support/engines.ts'
import { startReceiver } from '../support/http-receiver.ts'
import { type Page, pager, type Recorder, recorder } from '../support/pager.ts'
import { startSmtp } from '../support/smtp.ts'
import { Folder } from '../unit/template-folder.ts'

const newKey = () => randomBytes(32).toString('base64')

/** Planted, and looked for: what must not be found, and what must, or the search finds nothing. */
const planted = { token: 'tok-7f3e9a41c2', pin: 48151623, order: 'order-no-1042' }
const secrets = [planted.token, String(planted.pin)]

const reset = z.object({ token: z.string(), pin: z.number(), order: z.string() })

function createResets(
  engine: Engine,
  backend: Recorder,
  surroundings: Surroundings = { secretKey: newKey() },
) {
  return createEnvoyer({
    ...engine.fresh(),
    ...surroundings,
    events: {
      whole: defineEvent({ context: reset, sensitive: true, channels: ['pager'] }),
      keys: defineEvent({ context: reset, sensitive: ['token', 'pin'], channels: ['pager'] }),
      open: defineEvent({ context: reset, channels: ['pager'] }),
    },
    channels: { pager: pager({ backend, retry: fixed({ delayMs: 100, tries: 50 }) }) },
  })
}

type Resets = ReturnType<typeof createResets>

/** Every row of every table, as text. */
async function dump(envoyer: Pick<Resets, 'transaction'>, schema: string): Promise<string> {
  return envoyer.transaction(async (manager) => {
    const tables: { name: string }[] = await manager.query(
      'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = $1',
      [schema],
    )
    assert.ok(tables.length >= 6)
    const rows = tables.map(({ name }) =>
      manager.query(`SELECT to_jsonb(t)::text AS row FROM "${schema}"."${name}" t`),
    )
    return JSON.stringify(await Promise.all(rows))
  })
}

function refuseSecrets(text: string, where: string): void {
  for (const secret of secrets) assert.ok(!text.includes(secret), `${secret} is in ${where}`)
}

onEveryEngine('a sensitive context', (engine) => {
  test('reaches the backend whole, and the database only encrypted, until it is erased', async () => {
    const schema = engine.fresh().schema!
    let open: () => void = () => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const backend = recorder(() => gate)
    const envoyer = createResets(engine, backend, { secretKey: newKey(), schema })
    const results = [
      await envoyer.send('whole', { pager: '1' }, planted),
      await envoyer.send('keys', { pager: '2' }, planted),
      await envoyer.send('open', { pager: '3' }, planted),
    ]
    const waiting = await dump(envoyer, schema)
    assert.equal(waiting.split(planted.token).length - 1, 1, 'the open event has it in the clear')
    assert.equal(waiting.split(planted.order).length - 1, 2)
    const get = (n: number) => envoyer.deliveries.get(results[n]!.deliveries[0]!.id)
    assert.deepEqual(
      [await get(0), await get(1), await get(2)].map(({ context, sensitive }) => [
        ...[context, sensitive],
      ]),
      [
        [{}, 'encrypted'],
        [{ order: planted.order }, 'encrypted'],
        [planted, null],
      ],
    )
    await envoyer.worker()
    open()
    for (const result of results) await envoyer.waitFor(result)
    assert.deepEqual(
      backend.sent.map(({ input, context }) => [input, context]),
      [planted, planted, planted].map((each) => [each, each]),
    )
    assert.deepEqual(
      [await get(0), await get(1), await get(2)].map(({ sensitive }) => sensitive),
      ['erased', 'erased', null],
    )
    assert.doesNotMatch(await dump(envoyer, schema), /sealed:/)
    await envoyer.close()
  })

  test('leaves nothing of itself in tries, receipts, signals, failures and output', async (t) => {
    const output: string[] = []
    for (const stream of [process.stdout, process.stderr]) {
      const write = stream.write.bind(stream)
      // Handed on: the results of the tests go that way too.
      t.mock.method(stream, 'write', (...given: Parameters<typeof write>) => {
        output.push(String(given[0]))
        return write(...given)
      })
    }
    const schema = engine.fresh().schema!
    let tries = 0
    const backend = recorder(({ input }: Page) => {
      const text = JSON.stringify(input)
      const exchange = { request: { body: text }, response: text }
      if (tries++ === 0) throw new DeliveryError(`busy: ${text}`, { code: 'busy', exchange })
      throw new Permanent(`refused: ${text}`, { code: 'refused', exchange })
    })
    const told: unknown[] = []
    const envoyer = createResets(engine, backend, {
      ...{ secretKey: newKey(), schema },
      onFailure: (failure) => void told.push(failure, 'error' in failure && failure.error.message),
    })
    for (const name of ['delivery:queued', 'delivery:retrying', 'delivery:failed'] as const) {
      envoyer.on(name, (signal) => void told.push(signal, 'error' in signal && signal.error.stack))
    }
    await envoyer.worker()
    const result = await envoyer.send('keys', { pager: '1' }, planted)
    await envoyer.waitFor(result)
    const { failures, errorText } = await envoyer.deliveries.get(result.deliveries[0]!.id)
    assert.deepEqual(
      failures.map(({ code, request, response }) => [code, request, response]),
      [
        ['busy', null, null],
        ['refused', null, null],
      ],
    )
    assert.match(errorText ?? '', /not kept, since the event is sensitive/)
    assert.ok(told.length >= 6)
    refuseSecrets(JSON.stringify(told), 'a signal')
    refuseSecrets(await dump(envoyer, schema), 'the database')
    refuseSecrets(output.join(''), 'the output')
    const wrong = { ...planted, pin: planted.token } as never
    await assert.rejects(envoyer.send('whole', { pager: '1' }, wrong), (error: EnvoyerError) => {
      assert.deepEqual(error.problems, [
        'event "whole", `pin`: not valid; what is wrong is not told, since the event is sensitive',
      ])
      return true
    })
    await envoyer.close()
  })

  test('is not in what real channels answer, nor in the mail that is kept', async () => {
    using folder = new Folder({
      'whole/email.subject.liquid': 'Reset',
      'whole/email.text.liquid': 'Your token is {{ token }} and {{ pin }}',
    })
    const mails = await startSmtp()
    let answers = 0
    const receiver = await startReceiver({
      handler: ({ body }, response) => {
        response.writeHead(answers++ === 0 ? 503 : 200).end(body)
      },
    })
    const schema = engine.fresh().schema!
    const envoyer = createEnvoyer({
      ...engine.fresh(),
      ...{ schema, secretKey: newKey(), templates: folder.directory },
      events: {
        whole: defineEvent({ context: reset, sensitive: true, channels: ['email', 'webhook'] }),
      },
      channels: {
        email: email({ backend: smtp({ url: mails.url, from: 'a@shop.example' }) }),
        webhook: webhook({
          backend: http({ allow: ['127.0.0.1/32'] }),
          retry: delays([10]),
        }),
      },
    })
    const result = await envoyer.send(
      'whole',
      { email: 'jane@x.example', url: receiver.url },
      planted,
    )
    await envoyer.worker()
    assert.deepEqual(await envoyer.waitFor(result), { sent: 2, failed: 0, cancelled: 0 })
    assert.match(mails.mails[0]!.mail.text ?? '', new RegExp(secrets.join(' and ')))
    assert.equal(receiver.requests.length, 2)
    for (const { id } of result.deliveries) {
      const { message, receipt } = await envoyer.deliveries.get(id)
      assert.equal(message, null)
      assert.ok(receipt?.id !== undefined || receipt?.status === 200)
    }
    refuseSecrets(await dump(envoyer, schema), 'the database')
    await envoyer.close()
    await mails.close()
    await receiver.stop()
  })

  test('what follows a notification is encrypted too, and erased when it is written', async () => {
    const schema = engine.fresh().schema!
    const backend = recorder()
    const envoyer = createResets(engine, backend, { secretKey: newKey(), schema })
    const { order } = planted
    const result = await envoyer.send(
      'open',
      { pager: '1' },
      { token: 'none', pin: 0, order },
      {
        onCompleted: { event: 'keys', recipients: { pager: '2' }, context: planted },
      },
    )
    refuseSecrets(await dump(envoyer, schema), 'the database')
    await envoyer.worker()
    await until(() => backend.sent.length === 2, 'what follows is sent')
    assert.deepEqual(backend.sent[1]?.input, planted)
    await envoyer.waitFor(result)
    await until(async () => !/sealed:/.test(await dump(envoyer, schema)), 'it is erased')
    await envoyer.close()
  })

  test('once erased it cannot be tried again or resent; cancelled and empty ones are erased too', async () => {
    const schema = engine.fresh().schema!
    let refuse = true
    const backend = recorder(() => {
      if (refuse) throw new Permanent('no', { code: 'no' })
    })
    const envoyer = createResets(engine, backend, { secretKey: newKey(), schema })
    const later = await envoyer.send('whole', { pager: '9' }, planted, {
      at: new Date(Date.now() + 3_600_000),
    })
    await envoyer.deliveries.cancel(later.deliveries[0]!.id)
    await envoyer.send('whole', {} as { pager: string }, planted)
    const failed = await envoyer.send('whole', { pager: '1' }, planted)
    await envoyer.worker()
    await envoyer.waitFor(failed)
    refuse = false
    const sent = await envoyer.send('whole', { pager: '2' }, planted)
    await envoyer.waitFor(sent)
    assert.doesNotMatch(await dump(envoyer, schema), /sealed:/)
    const erased = { code: 'delivery-state', message: /sensitive context was erased/ }
    await assert.rejects(envoyer.deliveries.retry(failed.deliveries[0]!.id), erased)
    await assert.rejects(envoyer.deliveries.resend(sent.deliveries[0]!.id), erased)
    await envoyer.close()
  })

  test('an answer of any kind leaves it sent once, and only what is known in its receipt', async () => {
    const answers = [undefined, null, { refused: 'all' }, { refused: [null] }, { pin: planted.pin }]
    const calls: unknown[] = []
    const envoyer = createResets(engine, {
      ...recorder(),
      send: async () => answers[calls.push(1) - 1] as never,
    })
    const told: unknown[] = []
    envoyer.on('delivery:sent', (signal) => void told.push(signal))
    await envoyer.worker()
    const people = answers.map((_, n) => ({ pager: `${n}` }))
    const result = await envoyer.send('whole', people, planted)
    assert.equal((await envoyer.waitFor(result)).sent, answers.length)
    assert.deepEqual([calls.length, told.length], [answers.length, answers.length])
    for (const { id } of result.deliveries) {
      assert.deepEqual((await envoyer.deliveries.get(id)).receipt, {})
    }
    await envoyer.close()
  })

  test('a key of an event that has become sensitive, or is no more, is still the same key', async () => {
    const place = engine.fresh()
    const kept = place.directory ? { ...place, directory: await temporaryDirectory() } : place
    const secretKey = newKey()
    const at = (sensitive: true | undefined) =>
      createEnvoyer({
        ...{ ...kept, secretKey },
        events: { reset: { context: reset, ...(sensitive ? { sensitive } : {}) } },
        channels: { pager: pager({ backend: recorder() }) },
      })
    for (const [n, order] of [[undefined, true] as const, [true, undefined] as const].entries()) {
      for (const [turn, sensitive] of order.entries()) {
        const envoyer = at(sensitive)
        const options = { key: `k${n}`, channels: ['pager'] as const }
        const { repeated } = await envoyer.send('reset', { pager: '1' }, planted, options)
        assert.equal(repeated, turn === 1)
        await envoyer.close()
      }
    }
  })

  test('what cannot follow is reported; what it was to follow is settled, once', async () => {
    const place = engine.fresh()
    const kept = place.directory ? { ...place, directory: await temporaryDirectory() } : place
    const [schema, backend] = [kept.schema!, recorder()]
    const failures: string[] = []
    const at = (context: z.ZodType, secretKey: string) =>
      createEnvoyer({
        ...{ ...kept, secretKey },
        onFailure: ({ error }) => void failures.push((error as EnvoyerError).code),
        events: {
          first: defineEvent({ context: z.object({}), channels: ['pager'] }),
          after: { context, sensitive: true, channels: ['pager'] },
        },
        channels: { pager: pager({ backend }) },
      })
    const key = newKey()
    const strict = z.object({ token: z.string(), more: z.string() })
    const throwing = z.unknown().transform(() => {
      throw new TypeError(planted.token)
    })
    for (const [later, laterKey] of [
      [z.object({ token: z.string() }), newKey()],
      [strict, key],
      [throwing, key],
    ] as const) {
      const before = at(z.object({ token: z.string() }), key)
      const onCompleted = {
        ...{ event: 'after', recipients: { pager: '2' }, context: { token: planted.token } },
      } as never
      const result = await before.send('first', { pager: '1' }, {}, { onCompleted })
      await before.close()
      const after = at(later, laterKey)
      await after.worker()
      assert.equal((await after.waitFor(result)).sent, 1)
      // Where the key is missing somebody may still want to read it; only there it is left.
      assert.equal((await dump(after, schema)).split('sealed:').length - 1, 1)
      await after.close()
    }
    assert.equal(backend.sent.length, 3)
    assert.deepEqual(failures.slice(0, 2), ['secret-key-invalid', 'context-invalid'])
    assert.equal(failures.length, 3)
  })

  test('keys rotate: what waits is opened with the old one, and without it waits for it', async () => {
    const [first, second] = [newKey(), newKey()]
    const place = engine.fresh()
    const kept = place.directory ? { ...place, directory: await temporaryDirectory() } : place
    const backend = recorder()
    const at = (secretKey: string | string[]) =>
      createResets(engine, backend, { ...kept, secretKey })
    const before = at(first)
    // A near deadline: a process without the key must not end it.
    const terms = { key: 'k', deadlineMs: 50_000 }
    const result = await before.send('whole', { pager: '1' }, planted, terms)
    await before.close()

    const without = at(second)
    await without.worker()
    await until(async () => {
      const { errorCode } = await without.deliveries.get(result.deliveries[0]!.id)
      return errorCode === 'secret-key-invalid'
    }, 'a try without the key')
    await without.close()

    const after = at([second, first])
    const again = await after.send('whole', { pager: '1' }, planted, { key: 'k' })
    assert.equal(again.repeated, true)
    await assert.rejects(
      after.send('whole', { pager: '1' }, { ...planted, pin: 1 }, { key: 'k' }),
      { code: 'key-reused' },
    )
    await after.worker()
    // Tried again each minute, and never given up for want of the key.
    await after.transaction((manager) =>
      manager.query(`UPDATE "${kept.schema}".delivery SET send_at = now(), not_before = now()`),
    )
    assert.equal((await after.waitFor(result)).sent, 1)
    assert.deepEqual(backend.sent[0]?.input, planted)
    await after.close()
  })
})

test('no file of the embedded database has it, the log of writes included', async () => {
  const directory = await temporaryDirectory()
  const envoyer = createResets(
    { name: 'embedded', fresh: () => ({ directory }) },
    recorder(({ attempt }) => {
      if (attempt === 1) throw new Error(`failed with ${planted.token}`)
    }),
  )
  await envoyer.worker()
  await envoyer.waitFor(await envoyer.send('keys', { pager: '1' }, planted, { key: 'k' }))
  await envoyer.close()
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  let found = 0
  for (const { parentPath, name } of files) {
    const text = (await readFile(join(parentPath, name))).toString('latin1')
    refuseSecrets(text, name)
    if (text.includes(planted.order)) found += 1
  }
  assert.ok(found >= 2, 'what is not sensitive is in the table and in the log of writes')
})

test('without a key, or with what is no list of keys, the configuration is refused', () => {
  const problemsOf = (surroundings: Surroundings, sensitive: unknown) => {
    try {
      createEnvoyer({
        ...surroundings,
        events: { reset: { context: reset, sensitive: sensitive as true } },
        channels: { pager: pager({ backend: recorder() }) },
      })
      return []
    } catch (thrown) {
      return (thrown as EnvoyerError).problems
    }
  }
  assert.deepEqual(problemsOf({}, true), [
    'event "reset": it is sensitive, and there is no key to encrypt with: set ENVOYER_SECRET_KEY',
  ])
  for (const wrong of [[], 'token', false, [1]]) {
    assert.match(problemsOf({ secretKey: newKey() }, wrong).join(), /must be true or a list/)
  }
  assert.deepEqual(problemsOf({ secretKey: newKey() }, ['token', 'tokn']), [
    'event "reset": `sensitive`: the context has no key `tokn`',
  ])
})
