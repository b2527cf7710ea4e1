import type { EntityManager } from '../database/handle.ts'
import type { Reception } from '../database/index.ts'
import { createVerify } from '../doctor/channels.ts'
import { createDoctor } from '../doctor/doctor.ts'
import { checkContext } from '../event/context.ts'
import type { JsonObject } from '../event/json.ts'
import type { Pulse } from '../monitor/pulse.ts'
import type { Configuration, FailureReport } from '../option/configuration.ts'
import { parseSendOptions } from '../option/send-options.ts'
import { pageOf, type SendResult } from '../outbox/result.ts'
import { createSharing, isShared } from '../owner/sharing.ts'
import { planChannels } from '../recipient/plan.ts'
import { createSend, type SendSteps, type SendTerms } from '../send.ts'
import { createSettings } from '../setting/settings.ts'
import { createEmitter } from '../signal/signals.ts'
import type { Templates } from '../template/contract.ts'
import type { WorkerOptions } from '../worker/worker.ts'
import type { WriteEndedParts } from '../worker/write-ended.ts'
import { createErase } from './erase.ts'
import { createExplain } from './explain.ts'
import { createFollowUp } from './follow-up.ts'
import { logDeliveries, logInternal } from './log.ts'
import type { Measuring } from './meter.ts'
import { createMonitor } from './monitor.ts'
import { createMove } from './move.ts'
import { createOpening, type Opened } from './open.ts'
import { createDeliveries, createSettingsFace } from './operate.ts'
import { createPrune } from './prune.ts'
import { carrierOf, sendSteps } from './send.ts'
import { conceal } from './sensitive.ts'
import { createStatus } from './status.ts'
import { createTemplateFace } from './template-face.ts'
import { openTemplates } from './templates.ts'
import { createTimetables } from './timing.ts'
import { traceSend } from './trace.ts'
import { createWaitFor } from './wait.ts'
import { createWatch } from './watch.ts'
import { createWindowsFace } from './windows.ts'
import { work } from './work.ts'
import { createWorkers } from './workers.ts'

/** How long the same complaint is not repeated: a database that is away would fill the log. */
const quietMs = 10_000

function createComplaint() {
  const saidAt = new Map<string, number>()
  return (text: string) => {
    const now = performance.now()
    if (now - (saidAt.get(text) ?? Number.NEGATIVE_INFINITY) < quietMs) return
    if (saidAt.size > 100) saidAt.clear()
    saidAt.set(text, now)
    console.error(`envoyer: ${text}`)
  }
}

function reporter({ onFailure, log }: Configuration, measuring: Measuring) {
  const complain = createComplaint()
  return (failure: FailureReport) => {
    const internal = failure.kind === 'internal' ? failure.error : undefined
    if (internal) measuring.on?.failed()
    if (internal && log) logInternal(log, internal)
    try {
      if (onFailure) onFailure(failure)
      else if (internal && !log) complain(internal.message)
    } catch (thrown) {
      console.error('envoyer: onFailure threw', thrown)
    }
  }
}

/** What is to follow is checked with the call: when it is due there is nobody to tell. */
async function checkOnCompleted(
  { events, channels, sealer }: Configuration,
  templates: Templates,
  terms: SendTerms,
): Promise<SendTerms> {
  const { stored } = terms
  const follow = stored.onCompleted as { event: string; context: JsonObject } | undefined
  if (!follow) return terms
  const event = events[follow.event]!
  await checkContext(follow.event, event, follow.context)
  await templates.refresh()
  const { exists: hasTemplates, missing: missingTemplates } = templates
  const plan = { channels, isOn: () => true, hasTemplates, missingTemplates }
  planChannels(plan, follow.event, event, { channels: undefined, grouping: undefined })
  const { context, secret } = conceal(sealer, event, follow.context)
  const onCompleted = { ...follow, context, ...(secret === undefined ? {} : { secret }) }
  return { ...terms, stored: { ...stored, onCompleted } }
}

/** The parts of an envoyer that share its lifetime. */
function createParts(
  configuration: Configuration,
  clockOffsetMs: () => number,
  reception: Reception | undefined,
) {
  const { log } = configuration
  const measuring: Measuring = { on: undefined }
  const report = reporter(configuration, measuring)
  const onError = (error: Error) => report({ kind: 'internal', error })
  const emitter = createEmitter(onError)
  emitter.on('delivery:failed', (failed) => report({ kind: 'delivery', ...failed }))
  if (log) logDeliveries(log, emitter)
  const opening = createOpening(configuration, onError, clockOffsetMs, measuring, reception)
  let opened: Templates | undefined
  const templates = () => {
    opened ??= openTemplates(configuration)
    return opened
  }
  const settings = createSettings(
    configuration.schema,
    async () => (await opening.open()).database,
    (overrides) => templates().override(overrides),
    onError,
  )
  const timetables = createTimetables(configuration, settings)
  const watch = createWatch(measuring, log)
  return { onError, emitter, opening, templates, settings, timetables, measuring, watch }
}

/**
 * Makes an envoyer of a checked configuration. `clockOffsetMs` is what the fake clock of tests is
 * ahead of the database's; `open` gives such tests the database.
 */
export function assemble(configuration: Configuration, clockOffsetMs: () => number = () => 0) {
  const { events, channels, schema } = configuration
  const sharing = isShared(configuration) ? createSharing(configuration) : undefined
  const parts = createParts(configuration, clockOffsetMs, sharing?.reception)
  const { onError, emitter, opening, templates, settings, timetables, measuring, watch } = parts
  const open = (): Promise<Opened> => opening.open()
  const workers = createWorkers(() => close(), onError)
  const { running } = workers
  const pulses = new Set<Pulse>()
  const monitor = createMonitor({ configuration, open, workers: running, pulses }, measuring)
  const wired = async () => {
    const opened = await open()
    return { configuration, opened, settings, timetables, templates: templates(), emitter }
  }
  let wiring: { readonly opened: Opened; readonly steps: SendSteps } | undefined
  const steps = async () => {
    const parts = await wired()
    // Wired once for what is open, not at each call.
    if (wiring?.opened !== parts.opened) {
      wiring = {
        opened: parts.opened,
        steps: sendSteps({ ...parts, followUp, workers: running, onError }),
      }
    }
    return wiring.steps
  }
  const sender = async () => {
    const { tracing } = await open()
    return traceSend(tracing, createSend(await steps()))
  }
  const followUp: WriteEndedParts['followUp'] = createFollowUp(
    configuration,
    open,
    () => sender(),
    onError,
  )
  const operate = { configuration, open, settings, timetables, templates, emitter, followUp }
  const close = async () => {
    sharing?.rest()
    await workers.stop()
    await monitor.close()
    await sharing?.leave()
    await opening.close()
    await Promise.all(Object.values(channels).map((channel) => channel.backend.close?.()))
  }
  const workHere = async (options: WorkerOptions) => {
    const parts = await wired()
    await monitor.serve()
    return work({ ...parts, followUp, onError, watch, measuring, pulses }, options)
  }
  const worker = workers.starting(workHere)
  const { resendAs, ...deliveries } = createDeliveries(operate)
  const envoyer = {
    async send(
      event: string,
      recipients: object,
      context: unknown,
      { database, ...given }: { database?: EntityManager } = {},
    ): Promise<SendResult> {
      const parsed = parseSendOptions(given, event, events, channels)
      const terms = await checkOnCompleted(configuration, templates(), parsed)
      const carrier = await carrierOf(await open(), schema, database)
      return (await sender())(event, recipients, context, terms, carrier)
    },
    worker,
    on: emitter.on,
    waitFor: createWaitFor(operate),
    deliveries,
    names: { events: Object.keys(events), channels: Object.keys(channels) },
    settings: createSettingsFace(operate),
    windows: createWindowsFace(operate),
    explain: createExplain(operate, steps, async () => carrierOf(await open(), schema, undefined)),
    templates: createTemplateFace(operate),
    transaction: async <T>(run: (manager: EntityManager) => Promise<T>): Promise<T> =>
      (await open()).database.source.transaction(run),
    metrics: monitor.metrics,
    migrate: opening.migrate,
    move: createMove(configuration, { open, close, workers, onError }),
    doctor: createDoctor(configuration, opening),
    verify: createVerify(configuration),
    status: createStatus(operate),
    prune: createPrune(operate),
    erase: createErase(operate),
    close,
    [Symbol.asyncDispose]: close,
  }
  if (!sharing) return { envoyer, open }
  const page = async (id: string, after: string) => {
    const { outbox, database } = await open()
    return pageOf(outbox, database, id, after)
  }
  const workFor = (options: WorkerOptions) => worker({ ...options, stopOn: [] })
  const home = { envoyer, resendAs, page, work: workFor, workHere }
  return {
    envoyer: sharing.share(envoyer, { home, opening, starting: workers.starting, onError }),
    open,
  }
}
