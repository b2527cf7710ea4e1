export type { ClosedDate, Days, Window, WindowSet } from './availability/index.ts'
export type { AfterDeadline } from './availability/timing.ts'
export type { AddressType } from './channel/address.ts'
export type { Answer, Backend, BackendCheck, Observation, Outgoing } from './channel/backend.ts'
export type { Backends, DownLimits } from './channel/backends.ts'
export {
  type Channel,
  type ChannelDefinition,
  type ChannelOptions,
  defineChannel,
  type Grouping,
  type Rate,
} from './channel/channel.ts'
export { failover, roundRobin } from './channel/composite.ts'
export type { PartSpec, PartSpecs, Rendered } from './channel/part.ts'
export type { Receipt, Refused } from './channel/receipt.ts'
export {
  defaultRetry,
  delays,
  exponential,
  type Failure,
  fixed,
  linear,
  type RetryPolicy,
} from './channel/retry.ts'
export type { DatabaseHandle, EntityManager, PgClient } from './database/handle.ts'
export type { Finding } from './doctor/finding.ts'
export { createEnvoyer, defineConfig, type Envoyer, type WorkOptions } from './envoyer.ts'
export {
  DeliveryError,
  EnvoyerError,
  type ErrorCode,
  type Exchange,
  Permanent,
  RetryAfter,
} from './errors.ts'
export { defineEvent, type EventDefinition } from './event/define.ts'
export type { Json, JsonObject } from './event/json.ts'
export type { Logger } from './log/logger.ts'
export type { EnvoyerOptions, FailureReport } from './option/configuration.ts'
export type { Keeping } from './option/keeping.ts'
export type { MonitorOptions } from './option/monitor.ts'
export type { SendOptions } from './option/send-options.ts'
export type { WaitReason } from './outbox/entities.ts'
export type { DeliveryFilter } from './outbox/filter.ts'
export type { QueuedDelivery } from './outbox/find.ts'
export type { Pruned } from './outbox/prune.ts'
export type { DeliveryDetails, DeliveryView } from './outbox/read.ts'
export type { SendProgress, SendResult } from './outbox/result.ts'
export type { DeliveryStatus } from './outbox/status.ts'
export type { RecipientOptions } from './recipient/recipient.ts'
export type { SkipReason } from './recipient/route.ts'
export type { Skip, Skipped } from './recipient/skip.ts'
export type { ChannelSetting } from './setting/settings.ts'
export type { DeliverySignal, FailedTry, Signals } from './signal/signals.ts'
export type { TemplateOverride, TemplateProblem, TemplateText } from './template/contract.ts'
export type { Erased } from './wiring/erase.ts'
export type { Explained, Explanation } from './wiring/explain.ts'
export type { ManyOptions } from './wiring/many.ts'
export type { MoveOptions, MoveResult } from './wiring/move.ts'
export type { Preview, PreviewOptions } from './wiring/preview.ts'
export type { PruneOptions } from './wiring/prune.ts'
export type { Status } from './wiring/status.ts'
export type { Exported, TemplateFace } from './wiring/template-face.ts'
export type { Completed, WaitOptions } from './wiring/wait.ts'
export type { Applied, ListedWindows, Moved, Windows } from './wiring/windows.ts'
export type { Worker } from './worker/worker.ts'
