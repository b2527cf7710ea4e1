import type pg from 'pg'
import { toError } from '../../errors.ts'
import { isPlainIdentifier } from '../options.ts'

const firstPauseMs = 100
const longestPauseMs = 10_000

export interface Listener {
  listen(channel: string, heard: () => void): Promise<() => Promise<void>>
  close(): Promise<void>
}

/**
 * LISTEN on a connection of its own, opened with the first listener. A lost connection is opened
 * again with growing pauses, for as long as it takes; it never throws at anyone.
 */
export function createListener(
  createClient: () => pg.Client,
  onLost: (error: Error) => void,
): Listener {
  const channels = new Map<string, Set<() => void>>()
  let client: pg.Client | undefined
  let connecting: Promise<void> | undefined
  let retry: NodeJS.Timeout | undefined
  let pauseMs = firstPauseMs
  let closed = false

  const tell = (listeners: Iterable<() => void>) => {
    for (const heard of [...listeners]) {
      try {
        heard()
      } catch (error) {
        onLost(toError(error))
      }
    }
  }
  const lost = (which: pg.Client, error: Error) => {
    if (closed || which !== client) return
    client = undefined
    which.end().catch(() => {})
    onLost(error)
    again()
  }
  const again = () => {
    if (closed || retry) return
    // Spread, so that a restarted server is not met by every process in the same instant.
    retry = setTimeout(
      () => {
        retry = undefined
        connect(true).catch((error) => {
          onLost(toError(error))
          again()
        })
      },
      pauseMs * (0.5 + Math.random()),
    ).unref()
    pauseMs = Math.min(pauseMs * 2, longestPauseMs)
  }
  const open = async (afterLoss: boolean) => {
    const opened = createClient()
    opened.on('error', (error) => lost(opened, error))
    opened.on('end', () => lost(opened, new Error('The listening connection was closed.')))
    opened.on('notification', ({ channel }) => tell(channels.get(channel) ?? []))
    try {
      await opened.connect()
      for (const channel of channels.keys()) await opened.query(`LISTEN ${channel}`)
    } catch (error) {
      opened.end().catch(() => {})
      throw error
    }
    if (closed) return void opened.end().catch(() => {})
    client = opened
    pauseMs = firstPauseMs
    if (afterLoss) for (const listeners of channels.values()) tell(listeners)
  }
  const connect = (afterLoss: boolean): Promise<void> => {
    connecting ??= open(afterLoss).finally(() => {
      connecting = undefined
    })
    return connecting
  }
  const stop = async (channel: string, heard: () => void) => {
    const listeners = channels.get(channel)
    listeners?.delete(heard)
    if (listeners?.size !== 0) return
    channels.delete(channel)
    await client?.query(`UNLISTEN ${channel}`).catch(() => {})
  }
  return {
    async listen(channel, heard) {
      if (!isPlainIdentifier(channel)) throw new Error(`Not a channel name: ${channel}`)
      const listeners = channels.get(channel) ?? new Set()
      channels.set(channel, listeners.add(heard))
      // Not reachable now is no reason to fail: it is tried again, and the caller polls meanwhile.
      try {
        if (!client) await connect(false)
        // Said again where connecting did: this one may have come too late for it, and it is free.
        await client?.query(`LISTEN ${channel}`)
      } catch (error) {
        onLost(toError(error))
        if (!client) again()
      }
      return () => stop(channel, heard)
    },
    async close() {
      closed = true
      clearTimeout(retry)
      await connecting?.catch(() => {})
      await client?.end().catch(() => {})
    },
  }
}
