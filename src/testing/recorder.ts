import type { Backend, Outgoing } from '../channel/backend.ts'
import type { AnyChannel, ChannelMap } from '../option/infer.ts'
import type { SentMessage } from './match.ts'

/** Backends that record instead of sending. */
export interface Recorder {
  readonly sent: SentMessage[]
  /** The configured channels with recording backends; all else of them is kept. */
  readonly channels: ChannelMap
  /** The next tries over the channel throw the error. */
  fail(channel: string, error: Error, times: number): void
}

export function createRecorder(channels: ChannelMap, now: () => Date): Recorder {
  const sent: SentMessage[] = []
  const failures = new Map<string, Error[]>()

  const record = (channel: AnyChannel, outgoing: Outgoing): SentMessage => ({
    id: outgoing.id,
    notificationId: outgoing.notificationId,
    event: outgoing.event,
    channel: outgoing.channel,
    address: outgoing.address,
    to: channel.definition.address.key(outgoing.address),
    members: outgoing.addresses.map((each) => channel.definition.address.key(each)),
    users: outgoing.recipients.flatMap(({ userId }) =>
      typeof userId === 'string' ? [userId] : [],
    ),
    locale: outgoing.locale,
    zone: outgoing.zone,
    message: outgoing.message,
    context: outgoing.input,
    options: outgoing.options,
    at: now(),
  })
  const backendOf = (channel: AnyChannel): Backend => ({
    name: channel.backend.name,
    async send(outgoing) {
      const failure = failures.get(outgoing.channel)?.shift()
      if (failure) throw failure
      sent.push(record(channel, outgoing))
      return { id: outgoing.id }
    },
  })
  return {
    sent,
    channels: Object.fromEntries(
      Object.entries(channels).map(([name, channel]) => [
        name,
        { ...channel, backend: backendOf(channel) },
      ]),
    ),
    fail(channel, error, times) {
      const waiting = failures.get(channel) ?? []
      failures.set(channel, [...waiting, ...Array.from({ length: times }, () => error)])
    },
  }
}
