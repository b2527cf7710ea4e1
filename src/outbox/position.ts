import type { ClaimedRow } from './claimed.ts'

/** A place in a channel's line, which is sorted by lane, event and time: between two deliveries. */
export interface Position {
  readonly lane: string
  readonly event: string
  /** An instant as text; `infinity`: behind all of that lane and event. */
  readonly sendAt: string
}

export const beginning: Position = {
  ...{ lane: '00000000-0000-0000-0000-000000000000', event: '', sendAt: '-infinity' },
}

export const behind = (lane: string | null, event: string | null): Position | null =>
  lane === null ? null : { lane, event: event!, sendAt: 'infinity' }

/** By up to two milliseconds, since the database counts finer than we do. */
export function justBefore(rows: readonly ClaimedRow[]): Position | null {
  let first: ClaimedRow | undefined
  for (const row of rows) if (first === undefined || isBefore(row, first)) first = row
  if (first === undefined) return null
  const { lane, event, send_ms } = first
  return { lane, event, sendAt: new Date(Math.floor(send_ms) - 1).toISOString() }
}

function isBefore(a: ClaimedRow, b: ClaimedRow): boolean {
  if (a.lane !== b.lane) return a.lane < b.lane
  return a.event === b.event ? a.send_ms < b.send_ms : a.event < b.event
}
