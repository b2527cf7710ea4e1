import { gather } from '../channel/gather.ts'
import { type Context, createDeliver, lostOutcome } from '../deliver.ts'
import { parseContext } from '../event/context.ts'
import type { JsonObject } from '../event/json.ts'
import { createPulse, type Pulse } from '../monitor/pulse.ts'
import { checkNames } from '../names.ts'
import type { Configuration } from '../option/configuration.ts'
import { mergeChannelOptions } from '../option/send-options.ts'
import { backendBucket, holdBack, laneBucket } from '../outbox/bucket.ts'
import { type Claimed, recipientsOf } from '../outbox/claimed.ts'
import { createHealth, type Health } from '../outbox/health.ts'
import type { SettingStore } from '../setting/settings.ts'
import type { Emitter } from '../signal/signals.ts'
import type { Templates } from '../template/contract.ts'
import type { Deliver, Watch } from '../worker/contract.ts'
import {
  defaultPollMs,
  type LocalWorker,
  startWorker,
  type WorkerOptions,
} from '../worker/worker.ts'
import { createWriteEnded, type WriteEndedParts } from '../worker/write-ended.ts'
import { type Beside, beside } from './beside.ts'
import { createCall } from './call.ts'
import { createFollowLeft } from './follow-up.ts'
import { createChannelLog, createDatabaseLog } from './log.ts'
import type { Measuring } from './meter.ts'
import type { Opened } from './open.ts'
import { toOutgoing } from './outgoing.ts'
import { reveal } from './sensitive.ts'
import { type TimetableOf, timingAt } from './timing.ts'
import { traceDeliver } from './trace.ts'

export interface WorkParts {
  readonly configuration: Configuration
  readonly opened: Opened
  readonly settings: SettingStore
  readonly timetables: TimetableOf
  readonly templates: Templates
  readonly emitter: Emitter
  readonly followUp: WriteEndedParts['followUp']
  readonly watch: Watch
  readonly measuring: Measuring
  /** Of the workers that run in this process. */
  readonly pulses: Set<Pulse>
  onError(error: Error): void
}

/** Deliveries of one notification share their context; it is parsed once. */
function createContexts({ events, sealer }: Configuration) {
  const parsed = new WeakMap<JsonObject, Promise<Context>>()
  const parse = async (claimed: Claimed): Promise<Context> => {
    const input = reveal(sealer, claimed)
    return { input, output: await parseContext(claimed.event, events[claimed.event]!, input) }
  }
  return (claimed: Claimed) => {
    let context = parsed.get(claimed.context)
    if (!context) {
      context = parse(claimed)
      parsed.set(claimed.context, context)
    }
    return context
  }
}

/** The options of a message: as the call stored them, else the event's. */
function createMessageOptions({ events, channels }: Configuration) {
  const ofEvent = new Map<string, Record<string, unknown>>()
  return (claimed: Claimed): unknown => {
    const stored = claimed.options.channelOptions as Record<string, unknown> | undefined
    if (stored !== undefined) return stored[claimed.channel] ?? {}
    let options = ofEvent.get(claimed.event)
    if (!options) {
      options = mergeChannelOptions(channels, events[claimed.event]!.channelOptions, undefined)
      ofEvent.set(claimed.event, options)
    }
    return options[claimed.channel] ?? {}
  }
}

function wireDeliver(
  { configuration, opened, timetables, templates, measuring, onError }: WorkParts,
  health: Health,
): Deliver {
  const { channels, events, sealer } = configuration
  const { database, outbox, tracing } = opened
  const call = createCall(configuration, measuring, tracing)
  const optionsOf = createMessageOptions(configuration)
  const backends = Object.fromEntries(
    Object.entries(channels).map(([name, { backend }]) => [name, gather(backend)]),
  )
  const deliver = createDeliver({
    availability: (claimed, now) => timingAt(configuration, timetables, claimed, now),
    context: createContexts(configuration),
    render: (claimed, { output: context }, now) => {
      const { event, channel, locale, zone, id } = claimed
      const recipients = recipientsOf(claimed)
      const envoyer = { event, channel, locale, tz: zone, now, delivery: id }
      const scope = { context, recipients, recipient: recipients[0]!, envoyer }
      const message = templates.render(event, channel, locale, scope)
      return channels[channel]!.definition.complete?.(message) ?? message
    },
    send: async (claimed, context, message, { startedAt, signal }, took) =>
      call(claimed.channel, (traceparent) => {
        const channel = channels[claimed.channel]!
        const outgoing = toOutgoing(claimed, {
          sealer,
          context,
          message,
          startedAt,
          signal,
          traceparent,
          channel,
          options: optionsOf(claimed),
          backends: health.of(claimed.channel, took),
        })
        took(channel.backend.name)
        return backends[claimed.channel]!.send(outgoing)
      }),
    retry: retryOf(configuration),
    holdBack: (claimed, scope, delayMs) => {
      const { backend } = channels[claimed.channel]!
      const name =
        scope === 'lane' ? laneBucket(claimed.lane) : backendBucket(claimed.channel, backend.name)
      return holdBack(outbox, database, name, delayMs)
    },
    onError,
    keepMessages: configuration.keepMessages ?? true,
    isSensitive: ({ event, secret }) => secret !== null || events[event]!.sensitive !== undefined,
  })
  return traceDeliver(tracing, deliver)
}

const retryOf =
  ({ events, channels }: Configuration) =>
  (event: string, channel: string) =>
    events[event]!.retry ?? channels[channel]!.retry

/** Starts a worker of the configured channels. Throws `channel-unknown` for others. */
export async function work(parts: WorkParts, options: WorkerOptions): Promise<LocalWorker> {
  const { configuration, opened, settings, templates, emitter, followUp } = parts
  const { watch, pulses, onError } = parts
  const { channels, events, log } = configuration
  checkNames('channel', options.channels ?? [], channels)
  const retry = retryOf(configuration)
  const followLeft = createFollowLeft(opened, Object.keys(events), followUp)
  const health = createHealth(opened.outbox, opened.database, onError)
  await Promise.all([settings.refresh(), health.refresh()])
  const names = options.channels ?? Object.keys(channels)
  const channelLog = log && createChannelLog(log, settings, names)
  const databaseLog = log && createDatabaseLog(log)
  const pulse = createPulse(options.pollMs ?? defaultPollMs)
  let besides: Beside | undefined
  const bare = await startWorker(
    {
      ...opened,
      channels,
      events: Object.keys(events),
      deliver: wireDeliver(parts, health),
      lost: (delivery) => lostOutcome(delivery, retry(delivery.event, delivery.channel)),
      write: createWriteEnded({
        ...opened,
        ...{ emitter, followUp },
        watch: {
          ...watch,
          settled(ended) {
            besides?.settled(ended)
            watch.settled(ended)
          },
        },
      }),
      watch,
      looked: (failed) => {
        pulse.beat(failed === undefined)
        databaseLog?.(failed)
      },
      isOpen: (name) => {
        const { on, paused } = settings.channel(name)
        return on && !paused
      },
      refresh: async () => {
        const { clock } = opened
        await Promise.all([
          ...[settings.refresh(), templates.refresh(), health.refresh(), clock.refresh()],
          followLeft(),
        ])
        channelLog?.()
      },
      onError,
    },
    options,
  )
  besides = beside(bare, parts, names)
  const { worker } = besides
  // A pause holds for all workers at once, and so does its end.
  const unfollow = await settings
    .follow(() => worker.soon(0))
    .catch(async (thrown) => {
      await worker.stop()
      throw thrown
    })
  void worker.stopped.then(unfollow).catch(onError)
  pulses.add(pulse)
  log?.info({ channels: names }, 'worker started')
  void worker.stopped.then(() => {
    pulses.delete(pulse)
    log?.info({ channels: names }, 'worker stopped')
  })
  const stop = () => {
    pulse.stop()
    return worker.stop()
  }
  return { ...worker, stop }
}
