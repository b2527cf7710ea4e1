import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { email, smtp } from '../../channels/email/index.ts'
import { http, webhook } from '../../channels/webhook/index.ts'
import { delays } from '../../src/channel/retry.ts'
import { createEnvoyer } from '../../src/envoyer.ts'
import { defineEvent } from '../../src/event/define.ts'
import { eventually } from '../support/crash-child.ts'
import { type CrashSink, startCrashSink } from '../support/crash-sink.ts'
import { postgres, redisUrl } from '../support/engines.ts'
import { type Line, type LineState, portOf, startLine } from '../support/proxy.ts'
import { type SmtpTestServer, startSmtp } from '../support/smtp.ts'
import { Folder } from '../unit/template-folder.ts'

/**
 * What happens to a line, and for how long; it passes what is said in between. Nothing cuts off the
 * connections that have fallen silent at the end.
 */
const troubles: readonly LineState[] = ['drop', 'delay', 'refuse', 'silent', 'silent']
const troubleMs = 700
const between = 300

// Side by side: each has a line and a database of its own, and waits most of the time.
describe('a line that drops, delays, refuses and falls silent', { concurrency: true }, () => {
  const folder = new Folder({
    'ping/email.subject.liquid': 'Ping',
    'ping/email.text.liquid': '{{ n }}',
  })
  let sink: CrashSink
  let mails: SmtpTestServer
  before(async () => {
    sink = await startCrashSink()
    mails = await startSmtp()
  })
  after(async () => {
    await sink?.stop()
    await mails?.close()
    folder[Symbol.dispose]()
  })

  interface Scene {
    readonly databaseUrl?: string
    readonly redisUrl?: string
    readonly smtpPort?: number
    readonly channel: 'webhook' | 'email'
    /** Whether the line is one that `send` does not need. */
    readonly sendsOn?: boolean
    /** To whom the nth message goes. */
    readonly to: (n: number) => { url: string } | { email: string }
    /** How often a delivery arrived. */
    readonly arrived: (id: string) => number
  }

  const bySink = {
    channel: 'webhook' as const,
    arrived: (id: string) => sink.received.get(id) ?? 0,
  }
  const byUrl = { ...bySink, to: (n: number) => ({ url: `${sink.url}/${n}` }) }

  /** Sends through a line that fails again and again; all that was acknowledged must arrive. */
  async function sendThrough(line: Line, scene: Scene) {
    const place = postgres.fresh()
    const retry = delays(Array(60).fill(200), { jitter: 0 })
    const envoyer = createEnvoyer({
      ...place,
      databaseUrl: scene.databaseUrl ?? place.databaseUrl!,
      redisUrl: scene.redisUrl ?? redisUrl(),
      statementTimeoutMs: 1000,
      onFailure: () => {},
      templates: folder.directory,
      events: {
        ping: defineEvent({ context: z.object({ n: z.number() }), channels: [scene.channel] }),
      },
      channels: {
        webhook: webhook({ backend: http({ allow: ['127.0.0.1/32'] }), timeoutMs: 1000, retry }),
        email: email({
          backend: smtp({
            host: '127.0.0.1',
            port: scene.smtpPort ?? mails.port,
            from: 'a@b.example',
          }),
          timeoutMs: 1000,
          retry,
        }),
      },
    })
    const acknowledged: string[] = []
    let refused = 0
    let going = true
    const send = async () => {
      for (let n = 0; going; n += 1) {
        await envoyer.send('ping', scene.to(n) as { url: string }, { n }).then(
          ({ deliveries }) => void acknowledged.push(deliveries[0]!.id),
          () => {
            refused += 1
          },
        )
        await sleep(10)
      }
    }
    try {
      await envoyer.migrate()
      await envoyer.worker({ stopOn: [], leaseMs: 2000, pollMs: 200, concurrency: 10 })
      const sending = send()
      const more = (count: number) => {
        const known = acknowledged.length
        return eventually(
          () => acknowledged.length >= known + count,
          () => 'The sender does not go on',
          { timeoutMs: 30_000 },
        )
      }
      for (const [n, trouble] of troubles.entries()) {
        await sleep(between)
        // Connections that fell silent are given up in their time; the next trouble does not wait.
        if (troubles[n - 1] !== 'silent') await more(10)
        line.become(trouble)
        await sleep(troubleMs)
        if (scene.sendsOn) await more(20)
        line.become('pass')
      }
      await sleep(between)
      going = false
      await sending
      const missing = () => acknowledged.filter((id) => scene.arrived(id) === 0)
      await eventually(
        () => missing().length === 0,
        () => `${missing().length} of ${acknowledged.length} never arrived`,
        { timeoutMs: 30_000 },
      )
      const open = () => envoyer.deliveries.list({ status: ['pending', 'sending'] })
      await eventually(
        async () => (await open()).length === 0,
        () => 'something is left to send',
        { timeoutMs: 30_000 },
      )
      const failed = await envoyer.deliveries.list({ status: 'failed' })
      assert.deepEqual(failed, [])
      const tries = new Map<string, number>()
      for (const id of acknowledged) tries.set(id, (await envoyer.deliveries.get(id)).attempts)
      const tooOften = acknowledged.filter((id) => scene.arrived(id) > tries.get(id)!)
      assert.deepEqual(tooOften, [])
      return { acknowledged, refused, retried: [...tries.values()].filter((n) => n > 1).length }
    } finally {
      going = false
      await envoyer.close()
    }
  }

  async function withLine<T>(port: number, use: (line: Line) => Promise<T>): Promise<T> {
    const line = await startLine({ port })
    try {
      return await use(line)
    } finally {
      await line.close()
    }
  }

  test('to PostgreSQL: what was acknowledged is sent, and the rest is refused', async () => {
    const url = postgres.fresh().databaseUrl!
    await withLine(portOf(url), async (line) => {
      const scene = { ...byUrl, databaseUrl: line.through(url) }
      const { acknowledged, refused } = await sendThrough(line, scene)
      assert.ok(acknowledged.length > 30, `${acknowledged.length} sent, ${refused} refused`)
      assert.ok(refused > 0, 'no send met the trouble; the test shows less than it should')
    })
  })

  test('to Redis: no sender and no receiver notices', async () => {
    await withLine(portOf(redisUrl()), async (line) => {
      const scene = { ...byUrl, sendsOn: true, redisUrl: line.through(redisUrl()) }
      const { acknowledged, refused, retried } = await sendThrough(line, scene)
      assert.ok(acknowledged.length > 100, `${acknowledged.length} sent`)
      assert.deepEqual([refused, retried], [0, 0])
    })
  })

  test('to the receiver of webhooks: each arrives, no oftener than it was tried', async () => {
    await withLine(portOf(sink.url), async (line) => {
      const to = (n: number) => ({ url: `http://127.0.0.1:${line.port}/${n}` })
      const { refused, retried } = await sendThrough(line, { ...bySink, to })
      assert.equal(refused, 0)
      assert.ok(retried > 0, 'no try met the trouble; the test shows less than it should')
    })
  })

  test('to the SMTP server: each arrives, no oftener than it was tried', async () => {
    await withLine(mails.port, async (line) => {
      const ofId = (id: string) => mails.mails.filter(({ raw }) => raw.includes(`<${id}@`)).length
      const to = (n: number) => ({ email: `p${n}@shop.example` })
      const scene = { channel: 'email' as const, to, arrived: ofId, smtpPort: line.port }
      const { refused, retried } = await sendThrough(line, scene)
      assert.equal(refused, 0)
      assert.ok(retried > 0, 'no try met the trouble; the test shows less than it should')
    })
  })
})
