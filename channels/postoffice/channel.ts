import type { Outgoing } from '../../src/channel/backend.ts'
import { defineChannel } from '../../src/channel/channel.ts'
import type { Rendered } from '../../src/channel/part.ts'
import { mergeOptions, type PostofficeOptions, parseOptions } from './attributes.ts'
import { topicAddress } from './topic.ts'

const parts = { payload: 'optional', attributes: 'optional' } as const

/** The rendered parts: texts that hold JSON objects. */
export type PostofficeMessage = Rendered<typeof parts>

/** What a backend of the channel is given to send. */
export type Post = Outgoing<string, PostofficeMessage, PostofficeOptions>

/**
 * Messages to the topics of a Postoffice server (https://github.com/mercadona/postoffice). A
 * recipient is reached by its key `topic`.
 *
 * ```ts
 * createEnvoyer({ channels: { postoffice: postoffice({ backend: postofficeServer({ url }) }) }, … })
 * ```
 */
export const postoffice = defineChannel({
  address: topicAddress,
  parts,
  parseOptions,
  mergeOptions,
  // What goes out together can go in one request.
  concurrency: 200,
})
