export type { PostofficeOptions } from './attributes.ts'
export { type Post, type PostofficeMessage, postoffice } from './channel.ts'
export { postofficeServer } from './server.ts'
export type { PostofficeServerOptions } from './server-options.ts'
