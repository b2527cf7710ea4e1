import type { Answer, Backend } from '../../src/channel/backend.ts'
import { toError } from '../../src/errors.ts'
import type { PostofficeOptions } from './attributes.ts'
import { createSender, groups } from './bulk.ts'
import type { Post, PostofficeMessage } from './channel.ts'
import { type Message, readMessage } from './message.ts'
import { createRequests } from './requests.ts'
import { type PostofficeServerOptions, readServerOptions } from './server-options.ts'

/** A third of what the server takes in one request by default (`max_bulk_messages`). */
const manyAtMost = 1_000

/**
 * Posts messages to a Postoffice server, those to one topic with the same attributes in bulk.
 *
 * ```ts
 * postoffice({ backend: postofficeServer({ url: 'http://postoffice.internal:4000' }) })
 * ```
 *
 * `postofficeRules` says which failure is permanent. @throws EnvoyerError `configuration-invalid`
 */
export function postofficeServer(
  options: PostofficeServerOptions,
): Backend<string, PostofficeMessage, PostofficeOptions> {
  const settings = readServerOptions(options)
  const { idAttribute, timeoutMs, bulkTimeoutMs } = settings
  const requests = createRequests(settings)
  const sender = createSender(requests, { timeoutMs, bulkTimeoutMs, atMost: manyAtMost })

  function read(post: Post): Message | Error {
    try {
      return readMessage(post, idAttribute)
    } catch (thrown) {
      return toError(thrown)
    }
  }

  return {
    name: settings.name,
    manyAtMost,
    async send(post) {
      const message = readMessage(post, idAttribute)
      const answer = await sender.alone({ message, signal: post.signal })
      if (answer instanceof Error) throw answer
      return answer
    },
    async sendMany(posts, signal) {
      const messages = posts.map(read)
      const answers: Answer[] = []
      messages.forEach((message, place) => {
        if (message instanceof Error) answers[place] = message
      })
      const send = async (places: readonly number[]) => {
        const items = places.map((place) => ({
          message: messages[place] as Message,
          signal: posts[place]!.signal,
        }))
        const given = await sender.together(items, signal)
        places.forEach((place, n) => {
          answers[place] = given[n]!
        })
      }
      await Promise.all(groups(messages, sender.atMost).map(send))
      return answers
    },
    verify: () => requests.health(),
    close: () => requests.close(),
  }
}
