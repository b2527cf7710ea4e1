import type { Timing } from './availability/timing.ts'
import { type Receipt, readReceipt } from './channel/receipt.ts'
import type { RetryPolicy } from './channel/retry.ts'
import { codeOf, DeliveryError, EnvoyerError, Permanent, RetryAfter, toError } from './errors.ts'
import type { Json, JsonObject } from './event/json.ts'
import type { Claimed } from './outbox/claimed.ts'
import type { Lost } from './outbox/hold.ts'
import type { NotSent, Outcome, Tried } from './outbox/settle.ts'
import { hushedReceipt, hushedText } from './secret/hush.ts'
import type { Deliver, Hold } from './worker/contract.ts'
import { heldUp, inTime } from './worker/held-up.ts'

export interface Context {
  /** As it was given to `send`, what was encrypted included. */
  readonly input: JsonObject
  /** As the event's schema gives it to templates. */
  readonly output: Readonly<Record<string, unknown>>
}

/** The steps of the worker's half, each made by the module that it is named after. */
export interface DeliverSteps {
  /** When it may go, as windows and deadline are at this instant. */
  availability(claimed: Claimed, now: Date): Timing
  context(claimed: Claimed): Promise<Context>
  /** The message's parts, at an instant of the database's clock. */
  render(claimed: Claimed, context: Context, now: Date): Record<string, string>
  /** Hands the message to the channel's backend. */
  send(
    claimed: Claimed,
    context: Context,
    message: Record<string, string>,
    run: { readonly startedAt: Date; readonly signal: AbortSignal },
    /** Told which backend has the message; of one made of backends, also which member. */
    took: (backend: string) => void,
  ): Promise<Receipt>
  /** The policy that says whether and when to try again. */
  retry(event: string, channel: string): RetryPolicy
  /** Holds back what a `RetryAfter` names besides the delivery itself. */
  holdBack(claimed: Claimed, scope: 'lane' | 'backend', delayMs: number): Promise<void>
  onError(error: Error): void
  /** Whether what was sent is kept with the delivery. */
  readonly keepMessages: boolean
  /** Whether nothing may be written down that could repeat the context. */
  isSensitive(claimed: Claimed): boolean
}

/**
 * claim → availability → context → render → backend → settle → signals. Claiming and settling are
 * the worker's.
 */
export function createDeliver(steps: DeliverSteps): Deliver {
  return async (claimed, hold) => {
    const startedAt = hold.now()
    const began = performance.now()
    let backend: string | null = null
    const took = (name: string) => {
      backend = name
    }
    try {
      const held = heldUp(claimed, steps.availability(claimed, startedAt), startedAt)
      if (held) return held
      const context = await untilAborted(steps.context(claimed), hold)
      const message = steps.render(claimed, context, startedAt)
      if (!hold.held()) return undefined
      const answer = await untilAborted(
        steps.send(claimed, context, message, { startedAt, signal: hold.signal }, took),
        hold,
      )
      const receipt = readReceipt(answer)
      const sensitive = steps.isSensitive(claimed)
      return {
        outcome: 'sent',
        id: claimed.id,
        attempts: claimed.attempts,
        claims: claimed.claims,
        notificationId: claimed.notificationId,
        backend,
        startedAt,
        tookMs: performance.now() - began,
        receipt: (sensitive ? hushedReceipt(receipt) : receipt) as JsonObject,
        message: steps.keepMessages && !sensitive ? message : undefined,
      }
    } catch (thrown) {
      const error = toError(thrown)
      if (error instanceof RetryAfter && error.scope !== 'delivery') {
        // Where this fails, the outcome of the try must not be lost with it.
        await steps.holdBack(claimed, error.scope, error.delayMs).catch(steps.onError)
      }
      const retry = steps.retry(claimed.event, claimed.channel)
      const tries = failure(claimed, error, retry)
      // Whoever has the key may still be in time.
      const failed = isOfProcess(error) ? tries : inTime(tries, claimed, hold.now())
      const told = steps.isSensitive(claimed) ? { ...failed, ...hushed(error) } : failed
      const { id, attempts, claims, notificationId } = claimed
      const tookMs = performance.now() - began
      return { id, attempts, claims, notificationId, backend, startedAt, tookMs, ...told }
    }
  }
}

/** How long a backend has to say for itself how a try ended whose time is up. */
const lastWordMs = 250

/** A schema that never answers, or a backend that does not heed its signal, must not keep a place for ever. */
function untilAborted<T>(work: Promise<T>, hold: Hold): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    hold.onAbort((reason) => {
      const error = new DeliveryError(reason.message, { code: 'timeout', cause: reason })
      timer = setTimeout(reject, lastWordMs, error)
    })
    const fulfil = (value: T) => {
      clearTimeout(timer)
      resolve(value)
    }
    work.then(fulfil, (thrown) => {
      clearTimeout(timer)
      reject(thrown)
    })
  })
}

/** An error of ours says what to do, too; of a failed try only what was wrong is kept. */
function textOf(error: Error): string {
  return error instanceof EnvoyerError ? error.problems.join('\n') : error.message
}

const hushed = (error: Error) => ({
  ...{ text: hushedText(error), request: undefined, response: undefined },
})

/** Codes are in an index, whose entries must not be long. */
const longestCode = 200

/** Errors of ours that a later try can find mended. */
function codeOfError(error: Error): string {
  if (error instanceof EnvoyerError && error.code === 'template-invalid') return 'render-failed'
  return codeOf(error, error.name === 'AbortError' ? 'timeout' : 'error').slice(0, longestCode)
}

function failure(
  delivery: Pick<Claimed, 'attempts' | 'attemptsBefore' | 'elapsedMs'>,
  error: Error,
  retry: RetryPolicy,
): Omit<NotSent, keyof Tried> {
  let delayMs: number | null = null
  let note = ''
  try {
    if (isOfProcess(error)) delayMs = untilMendedMs
    else if (!(error instanceof Permanent)) delayMs = nextTry(delivery, error, retry)
  } catch (thrown) {
    // A policy of the application's own; thrown on, it would hold up all other deliveries.
    note = `\nThe retry policy failed: ${toError(thrown).message}`
  }
  const exchange = error instanceof DeliveryError ? error.exchange : undefined
  return {
    outcome: delayMs === null ? 'failed' : 'retry',
    tried: true,
    fallsBack: true,
    delayMs: delayMs ?? 0,
    code: codeOfError(error),
    text: `${textOf(error)}${note}`.slice(0, 2000),
    request: exchange?.request as Json | undefined,
    response: exchange?.response as Json | undefined,
  }
}

/** A process without the key says nothing of the message: it waits, for whoever has it. */
function isOfProcess(error: Error): boolean {
  return error instanceof EnvoyerError && error.code === 'secret-key-invalid'
}

const untilMendedMs = 60_000

function nextTry(
  delivery: Pick<Claimed, 'attempts' | 'attemptsBefore' | 'elapsedMs'>,
  error: Error,
  retry: RetryPolicy,
): number | null {
  const delayMs = retry({
    attempt: delivery.attempts - delivery.attemptsBefore,
    elapsedMs: Math.max(0, delivery.elapsedMs),
    error,
  })
  if (delayMs === null) return null
  if (!Number.isFinite(delayMs) || delayMs < 0) {
    throw new Error(`it gave ${String(delayMs)}, which is neither null nor a number of 0 or more`)
  }
  return error instanceof RetryAfter ? Math.max(delayMs, error.delayMs) : delayMs
}

/** The outcome of a try whose worker was lost: a failed attempt, tried again at once, alone. */
export function lostOutcome(delivery: Lost, retry: RetryPolicy): Outcome {
  const error = new DeliveryError(
    'The worker that was sending it did not come back. It may have been delivered.',
    { code: 'worker-lost' },
  )
  return {
    // Its deadline is looked at when it is claimed again.
    ...failure(delivery, error, retry),
    delayMs: 0,
    id: delivery.id,
    attempts: delivery.attempts,
    claims: delivery.claims,
    notificationId: delivery.notificationId,
    backend: null,
    startedAt: delivery.adoptedAt,
    tookMs: 0,
  }
}
