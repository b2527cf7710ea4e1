import type { Attributes, Context, Link, Span, SpanContext, Tracer } from '@opentelemetry/api'
import { codeOf, toError } from '../errors.ts'

type Api = typeof import('@opentelemetry/api')

/** Where a trace goes on, as W3C Trace Context has it; it may be stored. */
export interface TracePoint {
  readonly traceparent: string
  readonly tracestate?: string
}

export interface SpanOptions {
  readonly name: string
  readonly kind: 'producer' | 'consumer' | 'client'
  /** Never an address, a context, or what a provider said. */
  readonly attributes: Readonly<Record<string, string | number>>
  /**
   * What it follows: a `parent`, of whose trace it is part, a `link` to another trace, or `root`:
   * nothing. Default: whatever is active.
   */
  readonly after?: 'root' | { readonly parent: TracePoint } | { readonly link: TracePoint }
}

/** A span that is open. */
export interface OpenSpan {
  set(attributes: Readonly<Record<string, string | number>>): void
  /** It ended badly. The text of the error is not written down: it may quote anything. */
  fail(code: string): void
  /** Where a trace goes on from here; `undefined` where there is none. */
  point(): TracePoint | undefined
}

/** Spans of an application that has set up a tracer. */
export interface Spans {
  /** Runs `work` within a span, which is active meanwhile and fails where that throws. */
  run<T>(options: SpanOptions, work: (span: OpenSpan) => Promise<T>): Promise<T>
}

export interface Tracing {
  /** `undefined` while the application has set up no tracer: then nothing is made. */
  on(): Spans | undefined
}

/**
 * Spans through the application's own `@opentelemetry/api`; `undefined` where it has none.
 * `onError` is told where it cannot be loaded for another reason.
 */
export async function loadTracing(onError: (error: Error) => void): Promise<Tracing | undefined> {
  try {
    return createTracing(await import('@opentelemetry/api'))
  } catch (thrown) {
    if (codeOf(thrown, '') !== 'ERR_MODULE_NOT_FOUND') onError(toError(thrown))
    return undefined
  }
}

function createTracing(api: Api): Tracing {
  const spans = new WeakMap<Tracer, Spans>()
  return {
    on() {
      const provider = api.trace.getTracerProvider()
      const tracer =
        provider instanceof api.ProxyTracerProvider
          ? provider.getDelegateTracer('envoyer')
          : provider.getTracer('envoyer')
      if (tracer === undefined) return undefined
      let known = spans.get(tracer)
      if (known === undefined) {
        known = createSpans(api, tracer)
        spans.set(tracer, known)
      }
      return known
    },
  }
}

const kinds = { producer: 'PRODUCER', consumer: 'CONSUMER', client: 'CLIENT' } as const

function createSpans(api: Api, tracer: Tracer): Spans {
  const { context, trace, ROOT_CONTEXT, SpanKind } = api
  const baseOf = (after: SpanOptions['after']): [Context, Link[]] => {
    if (after === undefined) return [context.active(), []]
    if (after === 'root') return [ROOT_CONTEXT, []]
    const remote = read(api, 'parent' in after ? after.parent : after.link)
    if (remote === undefined) return [ROOT_CONTEXT, []]
    if ('link' in after) return [ROOT_CONTEXT, [{ context: remote }]]
    return [trace.setSpanContext(ROOT_CONTEXT, remote), []]
  }
  return {
    async run({ name, kind, attributes, after }, work) {
      const [base, links] = baseOf(after)
      const options = { kind: SpanKind[kinds[kind]], attributes: attributes as Attributes, links }
      const span = tracer.startSpan(name, options, base)
      const open = openSpan(api, span)
      try {
        return await context.with(trace.setSpan(base, span), () => work(open))
      } catch (thrown) {
        open.fail(codeOf(thrown, 'error'))
        throw thrown
      } finally {
        span.end()
      }
    },
  }
}

function openSpan(api: Api, span: Span): OpenSpan {
  return {
    set: (attributes) => void span.setAttributes(attributes as Attributes),
    fail(code) {
      span.setAttribute('error.type', code)
      span.setStatus({ code: api.SpanStatusCode.ERROR })
    },
    point: () => write(api, span.spanContext()),
  }
}

const form = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

/** By hand: the application's propagator may be of another form, and carry baggage along. */
function write(api: Api, found: SpanContext): TracePoint | undefined {
  if (!api.isSpanContextValid(found)) return undefined
  const flags = found.traceFlags.toString(16).padStart(2, '0')
  const traceparent = `00-${found.traceId}-${found.spanId}-${flags}`
  const tracestate = found.traceState?.serialize()
  return tracestate ? { traceparent, tracestate } : { traceparent }
}

function read(api: Api, { traceparent, tracestate }: TracePoint): SpanContext | undefined {
  const [, traceId, spanId, flags] = form.exec(traceparent) ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  const found = {
    ...{ traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true },
    ...(tracestate !== undefined && { traceState: api.createTraceState(tracestate) }),
  }
  return api.isSpanContextValid(found) ? found : undefined
}
