import type pg from 'pg'
import { toError } from '../../errors.ts'
import type { OwnDatabase } from '../contract.ts'
import { isPlainIdentifier } from '../options.ts'

/**
 * LISTEN on the one session: what it notifies itself of comes with the answer to the command that
 * committed it. The session outlives the pool's connections, so LISTEN is said once.
 */
export function listenOn(
  pool: pg.Pool,
  execute: (sql: string) => Promise<unknown>,
  warn: (error: Error) => void,
): OwnDatabase['listen'] {
  const channels = new Map<string, Set<() => void>>()
  const watched = new WeakSet<pg.PoolClient>()
  pool.on('acquire', (client) => {
    if (watched.has(client)) return
    watched.add(client)
    client.on('notification', ({ channel }) => {
      for (const heard of [...(channels.get(channel) ?? [])]) {
        try {
          heard()
        } catch (error) {
          warn(toError(error))
        }
      }
    })
  })
  return async (channel, heard) => {
    if (!isPlainIdentifier(channel)) throw new Error(`Not a channel name: ${channel}`)
    const listeners = channels.get(channel) ?? new Set()
    channels.set(channel, listeners.add(heard))
    await execute(`LISTEN ${channel}`)
    return async () => {
      listeners.delete(heard)
    }
  }
}
