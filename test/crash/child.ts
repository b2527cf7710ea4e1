/** The process that the crash tests kill: a worker, a sender, or both. */
import { setTimeout as sleep } from 'node:timers/promises'
import { toError } from '../../src/errors.ts'
import { type CrashApp, createCrashApp } from '../support/crash-app.ts'
import type { ChildSettings, FromChild, ToChild } from '../support/crash-messages.ts'

const settings = JSON.parse(process.argv[2] ?? '{}') as ChildSettings
const tell = (message: FromChild) => void process.send?.(message)
const app = createCrashApp(settings, (text) => tell({ type: 'problem', text }))

/** More than one statement holds: written in one transaction of several. */
const bigSize = 1100
const hourMs = 3_600_000
let sends = 0
let listing = false
/** Aborted by `hold`. */
let sending = new AbortController()

const pause = (ms: number) => sleep(ms, undefined, { signal: sending.signal }).catch(() => {})
const between = (from: number, to: number) => from + Math.floor(Math.random() * (to - from))

async function sendOne(
  event: 'ping' | 'ping2',
  urls: readonly string[],
  options: { at?: Date } = {},
): Promise<void> {
  tell({ type: 'begun' })
  try {
    const recipients = urls.map((url) => ({ url }))
    const result = await app.send(event, recipients, { size: urls.length }, options)
    const deliveries = options.at ? [] : result.deliveries.map(({ id }) => id)
    tell({ type: 'acknowledged', notificationId: result.notificationId, deliveries })
    if (listing) await lookUp(result.notificationId, urls.length)
  } catch (thrown) {
    tell({ type: 'refused', text: String(toError(thrown).stack) })
    await pause(100)
  }
}

async function lookUp(notificationId: string, count: number): Promise<void> {
  const found = await app.deliveries.list({ notificationId })
  if (found.length === count) return
  tell({ type: 'problem', text: `${found.length} of ${count} deliveries are listed` })
}

function addresses(size: number): string[] {
  sends += 1
  return Array.from({ length: size }, (_, n) => `${settings.sink}/${settings.name}/${sends}/${n}`)
}

async function sendSmall(times: number): Promise<void> {
  for (let n = 0; n < times && !sending.signal.aborted; n += 1) {
    await sendOne('ping', addresses(between(1, 9)))
    await pause(between(10, 40))
  }
}

/** Never due within the test: they are there to be found half-written. */
async function sendBig(): Promise<void> {
  while (!sending.signal.aborted) {
    await sendOne('ping', addresses(bigSize), { at: new Date(Date.now() + hourMs) })
    await pause(between(50, 300))
  }
}

async function ask(envoyer: CrashApp, id: number, sql: string): Promise<void> {
  try {
    const rows: unknown = await envoyer.transaction((manager) => manager.query(sql))
    tell({ type: 'answer', id, rows })
  } catch (thrown) {
    tell({ type: 'unanswered', id, text: String(thrown) })
  }
}

async function obey(message: ToChild): Promise<void> {
  switch (message.type) {
    case 'open':
      await app.deliveries.list({ limit: 1 })
      return tell({ type: 'opened' })
    case 'work': {
      const { concurrency = 10, leaseMs = 1500, graceMs = 5000 } = message
      await app.worker({ concurrency, leaseMs, graceMs, pollMs: 100 })
      return tell({ type: 'working' })
    }
    case 'send': {
      const { sends = Number.POSITIVE_INFINITY, big = false } = message
      sending = new AbortController()
      listing = message.listing === true
      await Promise.all([sendSmall(sends), sendSmall(sends), ...(big ? [sendBig()] : [])])
      return tell({ type: 'sent-all' })
    }
    case 'close':
      await app.close()
      process.removeAllListeners('disconnect')
      return process.disconnect()
    case 'hold':
      return sending.abort()
    case 'send-to': {
      const event = message.channel === 'other' ? 'ping2' : 'ping'
      return sendOne(
        event,
        message.paths.map((path) => `${settings.sink}${path}`),
      )
    }
    case 'ask':
      return ask(app, message.id, message.sql)
  }
}

process.on('message', (message: ToChild) => {
  obey(message).catch((thrown) => tell({ type: 'problem', text: String(toError(thrown).stack) }))
})
// The test is gone, however it went: nothing of it stays behind.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
tell({ type: 'ready' })
