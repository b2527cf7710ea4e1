import type { Receipt } from '../channel/receipt.ts'
import type { Configuration } from '../option/configuration.ts'
import type { Tracing } from '../trace/spans.ts'
import type { Measuring } from './meter.ts'

/** Calls the backend; given the trace to go on with, where there is one. */
export type Call = (traceparent: string | undefined) => Promise<Receipt>

/** Calls backends, timed and traced where anybody wants to know. */
export function createCall(
  { channels }: Pick<Configuration, 'channels'>,
  measuring: Measuring,
  tracing: Tracing | undefined,
): (channel: string, call: Call) => Promise<Receipt> {
  const backendOf = (channel: string) => channels[channel]!.backend.name
  const traced = (channel: string, call: Call): Promise<Receipt> => {
    const spans = tracing?.on()
    if (spans === undefined) return call(undefined)
    const backend = backendOf(channel)
    const attributes = { 'envoyer.channel': channel, 'envoyer.backend': backend }
    return spans.run({ name: `backend ${backend}`, kind: 'client', attributes }, (span) =>
      call(span.point()?.traceparent),
    )
  }
  const timed = async (channel: string, call: Call): Promise<Receipt> => {
    const beganAt = performance.now()
    try {
      return await traced(channel, call)
    } finally {
      measuring.on?.called(channel, backendOf(channel), performance.now() - beganAt)
    }
  }
  return (channel, call) =>
    measuring.on === undefined ? traced(channel, call) : timed(channel, call)
}
