/** What the main thread and the worker thread of the embedded database say to each other. */
export interface EngineSettings {
  /** PostgreSQL's data directory; without it the data lives in memory. */
  readonly dataDirectory?: string
  /** A tar of an empty data directory, for the database in memory: handed over with its buffer. */
  readonly emptyDatabase?: Uint8Array
  /** PGlite's WebAssembly.Module: compiled once for all the threads of a process. */
  readonly compiled?: object
  readonly durability: 'fsync' | 'process'
  readonly transactionTimeoutMs: number
  /** Whose tables are vacuumed. */
  readonly schema: string
  /** The lock file, touched as a sign of life. */
  readonly lockFile?: string
  /** Records writes, syncs and answers in their order, for the test of durability. */
  readonly trace?: boolean
  /** From this many syncs on, each fails as on a broken disk; for the test of what then happens. */
  readonly syncFailsAfter?: number
  readonly upkeep?: Partial<UpkeepSettings>
}

export interface UpkeepSettings {
  readonly checkpointEveryMs: number
  readonly checkpointWalBytes: number
  readonly vacuumEveryMs: number
  readonly lookEveryMs: number
}

/** In the order in which they happened: `write <file>`, `sync <file>`, `answer`. */
export type Trace = readonly string[]

export interface EngineReport {
  readonly commands: number
  readonly checkpoints: number
  readonly vacuums: number
  readonly trace: Trace
}

export type ToEngine =
  | { readonly type: 'connect'; readonly stream: number }
  | { readonly type: 'frame'; readonly stream: number; readonly bytes: Uint8Array }
  | { readonly type: 'disconnect'; readonly stream: number }
  | { readonly type: 'limit'; readonly on: boolean }
  | { readonly type: 'report' }
  | { readonly type: 'close' }

export type FromEngine =
  | { readonly type: 'ready' }
  | { readonly type: 'answer'; readonly stream: number; readonly bytes: Uint8Array }
  | { readonly type: 'report'; readonly report: EngineReport }
  | { readonly type: 'warning'; readonly message: string }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'closed' }
