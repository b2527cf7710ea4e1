import { loggedCode } from '../log/logger.ts'
import type { Claimed } from '../outbox/claimed.ts'
import { isIterable } from '../recipient/chunks.ts'
import type { createSend, SendTerms } from '../send.ts'
import type { SpanOptions, TracePoint, Tracing } from '../trace/spans.ts'
import type { Deliver } from '../worker/contract.ts'

type Send = ReturnType<typeof createSend>

/** With the options of a notification: where its trace goes on. */
interface StoredTrace extends TracePoint {
  /** It went to several recipients: each delivery is a trace of its own, linked to that of `send`. */
  readonly batch?: true
}

/** By the semantic conventions for messaging: the event is the destination. */
const messaging = (event: string, name: string, type: string) => ({
  'messaging.system': 'envoyer',
  'messaging.destination.name': event,
  'messaging.operation.name': name,
  'messaging.operation.type': type,
})

/** `send`, within a span whose context is kept with the notification. */
export function traceSend(tracing: Tracing | undefined, send: Send): Send {
  return (event, recipients, context, terms, carrier) => {
    const spans = tracing?.on()
    if (spans === undefined) return send(event, recipients, context, terms, carrier)
    const options: SpanOptions = {
      name: `send ${event}`,
      kind: 'producer',
      attributes: messaging(event, 'send', 'send'),
    }
    return spans.run(options, async (span) => {
      const traced = withPoint(terms, span.point(), isBatch(recipients))
      const result = await send(event, recipients, context, traced, carrier)
      const { count } = result
      span.set({
        'envoyer.notification.id': result.notificationId,
        ...(count > 1 && { 'messaging.batch.message_count': count }),
      })
      return result
    })
  }
}

function withPoint(terms: SendTerms, point: TracePoint | undefined, batch: boolean): SendTerms {
  if (point === undefined) return terms
  const trace = batch ? { ...point, batch } : { ...point }
  return { ...terms, stored: { ...terms.stored, trace } }
}

function isBatch(recipients: object): boolean {
  if (Array.isArray(recipients)) return recipients.length > 1
  // What is no object is refused by `send` itself.
  return typeof recipients === 'object' && recipients !== null && isIterable(recipients)
}

/**
 * Each try of a delivery within a span. Sent to one recipient, it is part of the trace of `send`;
 * sent to several, it has a trace of its own with a link to that one: a trace of a million spans,
 * over days, could be neither kept nor read.
 */
export function traceDeliver(tracing: Tracing | undefined, deliver: Deliver): Deliver {
  if (tracing === undefined) return deliver
  return (claimed, hold) => {
    const spans = tracing.on()
    if (spans === undefined) return deliver(claimed, hold)
    return spans.run(deliverSpan(claimed), async (span) => {
      const outcome = await deliver(claimed, hold)
      span.set({ 'envoyer.outcome': outcome?.outcome ?? 'given-back' })
      if (outcome && 'code' in outcome) span.fail(loggedCode(outcome.code))
      return outcome
    })
  }
}

function deliverSpan(claimed: Claimed): SpanOptions {
  const { id, notificationId, event, channel, attempts, attemptsBefore, options } = claimed
  const stored = options.trace as StoredTrace | undefined
  const linked = stored?.batch === true
  return {
    name: `deliver ${event} ${channel}`,
    kind: 'consumer',
    attributes: {
      ...messaging(event, 'deliver', 'process'),
      'messaging.message.id': id,
      'envoyer.notification.id': notificationId,
      'envoyer.channel': channel,
      'envoyer.attempt': attempts - attemptsBefore,
    },
    // Never what is active: that is whatever woke the worker.
    after: stored === undefined ? 'root' : linked ? { link: stored } : { parent: stored },
  }
}
