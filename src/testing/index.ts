export type { Match, SentMessage } from './match.ts'
export { createTestEnvoyer, type TestEnvoyer } from './test-envoyer.ts'
