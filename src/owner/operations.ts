/**
 * How a method of the envoyer works in a process that does not own the embedded database: `asked`, the
 * owner does what is asked, as it is; `own`, the same with something done on this side; `local`, in
 * this process alone.
 */
export type Way = 'asked' | 'own' | 'local'

interface Operation {
  readonly way: Way
  /**
   * Why it is not done twice where the owner ended before its answer came, so that it is asked of the
   * next one; or why it does not go through an owner.
   */
  readonly because: string
}

const reads = 'It changes nothing.'
const restOnly = 'What is done stays done; only the counts are those of the rest.'
const sameAgain = 'Doing it again leaves things as doing it once.'

/**
 * The allow-list of what goes over the owner's socket, and the law of how each is repeated. Every
 * method of the envoyer is in it, by its dotted name.
 */
export const operations = {
  send: {
    way: 'own',
    because:
      'The key of the caller, or one that the client makes, gives the first result. Recipients are read in the client, which has the functions for it.',
  },
  worker: {
    way: 'own',
    because:
      'The owner works as long as the client is there; the next owner is asked anew. A delivery is claimed by one worker in any case.',
  },
  on: { way: 'local', because: 'Signals are those of the process that settles.' },
  waitFor: { way: 'own', because: reads },
  'deliveries.list': { way: 'asked', because: reads },
  'deliveries.get': { way: 'asked', because: reads },
  'deliveries.retry': {
    way: 'asked',
    because:
      'One that waits, is sent or being sent by now has been retried. One that has failed again by now is tried once more.',
  },
  'deliveries.resend': {
    way: 'own',
    because: 'The client makes the id of the new delivery, and one id is written once.',
  },
  'deliveries.reschedule': {
    way: 'asked',
    because: 'The same time again; one that goes or went already keeps what it was given.',
  },
  'deliveries.cancel': {
    way: 'asked',
    because: 'One that is cancelled by now is what was wanted.',
  },
  'deliveries.count': { way: 'asked', because: reads },
  'deliveries.retryAll': { way: 'asked', because: restOnly },
  'deliveries.cancelAll': { way: 'asked', because: restOnly },
  status: { way: 'asked', because: reads },
  prune: { way: 'asked', because: restOnly },
  erase: { way: 'asked', because: restOnly },
  'settings.get': { way: 'asked', because: reads },
  'settings.set': { way: 'asked', because: sameAgain },
  'settings.reset': { way: 'asked', because: sameAgain },
  'windows.list': { way: 'asked', because: reads },
  'windows.set': { way: 'asked', because: sameAgain },
  'windows.clear': { way: 'asked', because: sameAgain },
  'windows.apply': {
    way: 'asked',
    because: 'What has moved already stays; only the count is that of the rest.',
  },
  explain: { way: 'own', because: reads },
  'templates.set': { way: 'asked', because: sameAgain },
  'templates.reset': {
    way: 'asked',
    because: 'What is gone stays gone; only the count is that of the rest.',
  },
  'templates.list': { way: 'asked', because: reads },
  'templates.check': { way: 'asked', because: reads },
  'templates.get': { way: 'asked', because: reads },
  'templates.preview': { way: 'asked', because: reads },
  'templates.export': {
    way: 'asked',
    because: 'What is written already is as it is to be, and is told of again.',
  },
  doctor: { way: 'asked', because: reads },
  verify: { way: 'local', because: 'The backends of this process are asked, not the database.' },
  metrics: { way: 'local', because: 'They are of the process that is asked.' },
  move: {
    way: 'local',
    because: 'Nothing may be sent meanwhile: `database-locked` where this process does not own.',
  },
  transaction: {
    way: 'local',
    because: 'A transaction cannot leave its process: `database-locked` where it does not own.',
  },
  migrate: { way: 'own', because: sameAgain },
  close: { way: 'local', because: 'It closes what this process holds.' },
} as const satisfies Readonly<Record<string, Operation>>

export type OperationName = keyof typeof operations
export type AskedName = {
  [Name in OperationName]: (typeof operations)[Name]['way'] extends 'local' ? never : Name
}[OperationName]

/** How a method works, by its dotted name; `undefined` for what is no method. */
export function wayOf(name: string): Way | undefined {
  return Object.hasOwn(operations, name) ? operations[name as OperationName].way : undefined
}

type Method = (...args: unknown[]) => Promise<unknown>

/** The method of a dotted name. */
export function methodAt(home: object, name: string): Method {
  const [first, second] = name.split('.') as [string, string?]
  const found = (home as Readonly<Record<string, unknown>>)[first]
  const method = second === undefined ? found : (found as Record<string, unknown>)[second]
  return method as Method
}
