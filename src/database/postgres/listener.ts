import type pg from 'pg'
import { toError } from '../../errors.ts'
import { isPlainIdentifier } from '../options.ts'

const firstPauseMs = 100
const longestPauseMs = 10_000

export interface Listener {
  listen(channel: string, heard: () => void): Promise<() => Promise<void>>
  close(): Promise<void>
}

interface State {
  readonly createClient: () => pg.Client
  readonly onLost: (error: Error) => void
  readonly channels: Map<string, Set<() => void>>
  client: pg.Client | undefined
  connecting: Promise<void> | undefined
  retry: NodeJS.Timeout | undefined
  /** Asks the server for a sign of life, since a connection that only listens sends nothing. */
  pulse: NodeJS.Timeout | undefined
  readonly pulseMs: number
  pauseMs: number
  closed: boolean
}

/**
 * LISTEN on a connection of its own, opened with the first listener. A lost connection is opened
 * again with growing pauses, for as long as it takes; it never throws at anyone.
 */
export function createListener(
  createClient: () => pg.Client,
  onLost: (error: Error) => void,
  pulseMs: number,
): Listener {
  const state: State = {
    createClient,
    onLost,
    channels: new Map(),
    client: undefined,
    connecting: undefined,
    retry: undefined,
    pulse: undefined,
    pulseMs,
    pauseMs: firstPauseMs,
    closed: false,
  }
  return {
    async listen(channel, heard) {
      if (!isPlainIdentifier(channel)) throw new Error(`Not a channel name: ${channel}`)
      const listeners = state.channels.get(channel) ?? new Set()
      state.channels.set(channel, listeners.add(heard))
      // Not reachable now is no reason to fail: it is tried again, and the caller polls meanwhile.
      try {
        if (!state.client) await connect(state, 'first')
        // Said again where connecting did: this one may have come too late for it, and it is free.
        await askOrLose(state, `LISTEN ${channel}`)
      } catch (error) {
        onLost(toError(error))
        if (!state.client) again(state)
      }
      return () => stop(state, channel, heard)
    },
    async close() {
      state.closed = true
      clearTimeout(state.retry)
      clearTimeout(state.pulse)
      await state.connecting?.catch(() => {})
      await state.client?.end().catch(() => {})
    },
  }
}

function connect(state: State, which: 'first' | 'again'): Promise<void> {
  state.connecting ??= open(state, which).finally(() => {
    state.connecting = undefined
  })
  return state.connecting
}

async function open(state: State, which: 'first' | 'again'): Promise<void> {
  const { channels } = state
  const opened = state.createClient()
  opened.on('error', (error) => lost(state, opened, error))
  opened.on('end', () => lost(state, opened, new Error('The listening connection was closed.')))
  opened.on('notification', ({ channel }) => tell(state, channels.get(channel) ?? []))
  try {
    await opened.connect()
    for (const channel of channels.keys()) await ask(state, opened, `LISTEN ${channel}`)
  } catch (error) {
    opened.end().catch(() => {})
    throw error
  }
  if (state.closed) return void opened.end().catch(() => {})
  state.client = opened
  state.pauseMs = firstPauseMs
  beat(state, opened)
  if (which === 'again') for (const listeners of channels.values()) tell(state, listeners)
}

/** Where no answer comes, the connection is dead at its other end, and nothing would ever say so. */
function beat(state: State, client: pg.Client): void {
  clearTimeout(state.pulse)
  state.pulse = setTimeout(async () => {
    await askOrLose(state, 'SELECT 1')
    if (state.client === client && !state.closed) beat(state, client)
  }, state.pulseMs).unref()
}

/** Whatever is asked has an answer within a pulse: else nobody may be there. */
async function ask({ pulseMs }: State, client: pg.Client, text: string): Promise<void> {
  const query: pg.QueryConfig & { query_timeout: number } = { text, query_timeout: pulseMs }
  await client.query(query)
}

async function askOrLose(state: State, text: string): Promise<void> {
  const { client } = state
  if (client) await ask(state, client, text).catch((error) => lost(state, client, toError(error)))
}

function lost(state: State, which: pg.Client, error: Error): void {
  if (state.closed || which !== state.client) return
  state.client = undefined
  which.end().catch(() => {})
  state.onLost(error)
  again(state)
}

function again(state: State): void {
  if (state.closed || state.retry) return
  const reconnect = () => {
    state.retry = undefined
    connect(state, 'again').catch((error) => {
      state.onLost(toError(error))
      again(state)
    })
  }
  // Spread, so that a restarted server is not met by every process in the same instant.
  state.retry = setTimeout(reconnect, state.pauseMs * (0.5 + Math.random())).unref()
  state.pauseMs = Math.min(state.pauseMs * 2, longestPauseMs)
}

function tell(state: State, listeners: Iterable<() => void>): void {
  for (const heard of [...listeners]) {
    try {
      heard()
    } catch (error) {
      state.onLost(toError(error))
    }
  }
}

async function stop(state: State, channel: string, heard: () => void): Promise<void> {
  const listeners = state.channels.get(channel)
  listeners?.delete(heard)
  if (listeners?.size !== 0) return
  state.channels.delete(channel)
  await askOrLose(state, `UNLISTEN ${channel}`)
}
