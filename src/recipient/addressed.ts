import type { Json, JsonObject } from '../event/json.ts'

/** One message to one address, or to a group, as it will be written. */
export interface Addressed {
  /** Of its recipient among those of the call, from 0. */
  readonly position: number
  readonly channel: string
  /** What is stored of the recipient; of a group, a list. */
  readonly recipient: JsonObject | readonly JsonObject[]
  readonly users: readonly string[]
  /** Of a group, a list. */
  readonly address: Json
  readonly addressKey: string
  readonly locale: string
  readonly zone: string
  /** The recipient's own zone is none that is known: `zone` is the envoyer's. */
  readonly zoneUnknown: boolean
  /** The recipient passes the windows by. */
  readonly immediate: boolean
  /** Where it goes once this has been given up, over another channel. */
  fallback: Addressed[]
}

/** The same for messages to the same place. */
export function markOf({ channel, addressKey }: Addressed): string {
  return `${channel} ${addressKey}`
}
