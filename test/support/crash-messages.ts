/** What a crash test's process is started with. */
export interface ChildSettings {
  readonly database:
    | { readonly url: string; readonly schema: string; readonly redisUrl?: string }
    | { readonly directory: string }
  /** Where its webhooks go. */
  readonly sink: string
  /** Told apart in addresses: no two processes of one test have the same. */
  readonly name: string
}

/** What `work` may be told. */
export interface WorkSettings {
  readonly concurrency?: number
  readonly leaseMs?: number
  readonly graceMs?: number
}

/** From the test to its process. */
export type ToChild =
  | { readonly type: 'open' }
  | ({ readonly type: 'work' } & WorkSettings)
  /** Sends until it is told to hold, or `sends` times; says "sent-all" then. */
  | {
      readonly type: 'send'
      readonly sends?: number
      readonly big?: boolean
      /** Each is looked up once it is acknowledged. */
      readonly listing?: boolean
    }
  | { readonly type: 'hold' }
  /** Closes and ends by itself. */
  | { readonly type: 'close' }
  /** One notification to these paths of the sink, over each channel named. */
  | {
      readonly type: 'send-to'
      readonly channel: 'webhook' | 'other'
      readonly paths: readonly string[]
    }
  | { readonly type: 'ask'; readonly id: number; readonly sql: string }

/** One call of `send`. */
export interface Acknowledged {
  readonly notificationId: string
  readonly deliveries: readonly string[]
}

/** From the process to its test. */
export type FromChild =
  | { readonly type: 'ready' | 'opened' | 'working' | 'begun' | 'sent-all' }
  | ({ readonly type: 'acknowledged' } & Acknowledged)
  | { readonly type: 'refused' | 'problem'; readonly text: string }
  | { readonly type: 'answer'; readonly id: number; readonly rows: unknown }
  | { readonly type: 'unanswered'; readonly id: number; readonly text: string }
