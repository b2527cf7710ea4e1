import type { AddressType } from '../../src/channel/address.ts'
import { isStorable } from '../../src/event/json.ts'

/** As long as Postoffice's own client can keep (`PublishingError.topic`). */
const maxLength = 100

function parse(value: unknown): string {
  if (typeof value !== 'string') throw new Error('a topic must be a string')
  const topic = value.trim()
  if (topic === '') throw new Error('a topic must not be empty')
  if (Array.from(topic).length > maxLength) {
    throw new Error(`a topic has at most ${maxLength} characters`)
  }
  if (/\p{Cc}/u.test(topic) || !isStorable(topic)) {
    throw new Error('a topic must not hold control characters')
  }
  return topic
}

/** The name of a topic; a recipient carries it as `topic`. Capitals count, as they do on the server. */
export const topicAddress: AddressType<string, 'topic'> = {
  recipientKey: 'topic',
  parse,
  key: (topic) => topic,
}
