export type { Match, SentMessage } from './match.ts'
export { createOutgoing, type OutgoingParts } from './outgoing.ts'
export { createTestEnvoyer, type TestEnvoyer } from './test-envoyer.ts'
