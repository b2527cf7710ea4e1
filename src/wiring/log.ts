import { codeOf, EnvoyerError, errorTable } from '../errors.ts'
import { type Log, loggedCode } from '../log/logger.ts'
import type { SettingStore } from '../setting/settings.ts'
import type { DeliverySignal, Emitter, FailedTry } from '../signal/signals.ts'

const about = ({ id, notificationId, event, channel }: DeliverySignal) => ({
  ...{ delivery: id, notification: notificationId, event, channel },
})
const aboutFailed = (failed: FailedTry) => ({
  ...about(failed),
  attempt: failed.attempt,
  code: loggedCode(failed.code),
})

/** Writes down how deliveries go. What a provider said of one is with the delivery, not here. */
export function logDeliveries(log: Log, emitter: Emitter): void {
  emitter.on('delivery:failed', (failed) => log.warn(aboutFailed(failed), 'delivery failed'))
  if (!log.debugs) return
  emitter.on('delivery:retrying', (failed) =>
    log.debug({ ...aboutFailed(failed), delayMs: failed.delayMs }, 'delivery will be tried again'),
  )
  emitter.on('delivery:deferred', (deferred) =>
    log.debug({ ...about(deferred), sendAt: deferred.sendAt }, 'delivery put off'),
  )
  emitter.on('delivery:sent', (sent) =>
    log.debug(
      { ...about(sent), attempt: sent.attempt, tookMs: Math.round(sent.tookMs) },
      'delivery sent',
    ),
  )
}

/** Of an error of which nobody knows what its text quotes: what it is, and where it came up. */
export function logInternal(log: Log, error: Error): void {
  const known = error instanceof EnvoyerError ? errorTable[error.code].meaning : undefined
  const at = placeOf(error)
  const fields = {
    code: loggedCode(codeOf(error, 'error')),
    error: loggedCode(error.name),
    ...(known === undefined ? {} : { meaning: known }),
    ...(at === undefined ? {} : { at }),
  }
  log.error(fields, 'internal error')
  log.debug({ err: error }, 'internal error in full')
}

/** The first frame of its stack. The message stands before that, and may look like one. */
function placeOf({ stack = '', message }: Error): string | undefined {
  const from = stack.indexOf(message)
  const frames = from < 0 ? [] : stack.slice(from + message.length).split('\n')
  return frames.find((line) => /^\s+at .*:\d+:\d+\)?$/.test(line))?.trim()
}

/** Codes of Node.js, of PostgreSQL (SQLSTATE) and of ours that mean: nobody answers there. */
const awayCode = /^(?:E[A-Z_]{3,}|08\w{3}|53300|57P\d\d|database-\w+)$/
/** What `pg` has no code for. */
const awayText =
  /^(?:Connection terminated|timeout exceeded when trying to connect|Query read timeout)/

function isAway(error: Error): boolean {
  if (error instanceof EnvoyerError) return error.code.startsWith('database-')
  const code = codeOf(error, '')
  return code === '' ? awayText.test(error.message) : awayCode.test(code) && code !== 'ENOENT'
}

/** Says once that the database is lost, and once that it is back. Told of each look at it. */
export function createDatabaseLog(log: Log): (failed: Error | undefined) => void {
  let lostAt: number | undefined
  return (failed) => {
    if (failed === undefined && lostAt !== undefined) {
      const awayMs = Math.round(performance.now() - lostAt)
      lostAt = undefined
      log.info({ awayMs }, 'database back')
    } else if (failed !== undefined && lostAt === undefined && isAway(failed)) {
      lostAt = performance.now()
      log.warn({ code: loggedCode(codeOf(failed, 'error')) }, 'database lost')
    }
  }
}

/** Says when an operator stops a channel or lets it go on. Called after the settings were read. */
export function createChannelLog(
  log: Log,
  settings: Pick<SettingStore, 'channel'>,
  names: readonly string[],
): () => void {
  const seen = new Map<string, string>()
  return () => {
    for (const channel of names) {
      const { on, paused } = settings.channel(channel)
      const state = on ? (paused ? 'paused' : 'resumed') : 'switched off'
      const before = seen.get(channel) ?? 'resumed'
      seen.set(channel, state)
      if (state !== before) log.info({ channel }, `channel ${state}`)
    }
  }
}
