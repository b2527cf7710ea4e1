import { unknownKeys } from '../channel/known-keys.ts'

/** Where a process that runs a worker shows its metrics and its health. */
export interface MonitorOptions {
  /** 1 to 65535, of each process its own. Default: ENVOYER_METRICS_PORT; without one nothing is served. */
  readonly port?: number
  /** The address to listen on. Everybody who reaches it can read. Default: ENVOYER_METRICS_HOST, else 127.0.0.1 */
  readonly host?: string
  /** Of the metrics; health is at `/health/live` and `/health/ready`. Default: /metrics */
  readonly path?: string
}

/** Where to serve; without a `port` nothing is, but all is counted. */
export interface Monitor {
  readonly port: number | undefined
  readonly host: string
  readonly path: string
}

const known = ['port', 'host', 'path'] as const satisfies readonly (keyof MonitorOptions)[]

/** What is to be watched, out of option and environment; `undefined`: nothing. */
export function monitorOf(
  given: MonitorOptions | undefined,
  problems: string[],
): Monitor | undefined {
  const fromEnvironment = process.env.ENVOYER_METRICS_PORT || undefined
  if (given === undefined && fromEnvironment === undefined) return undefined
  if (given !== undefined && (given === null || typeof given !== 'object')) {
    problems.push('`monitor` must be an object: { port: 9464 }')
    return undefined
  }
  problems.push(...unknownKeys(given, known).map((line) => `monitor: ${line}`))
  const port = given?.port ?? (fromEnvironment && Number(fromEnvironment))
  const defaultHost = process.env.ENVOYER_METRICS_HOST || '127.0.0.1'
  const { host = defaultHost, path = '/metrics' } = given ?? {}
  if (
    port !== undefined &&
    !(Number.isInteger(port) && Number(port) > 0 && Number(port) < 65_536)
  ) {
    problems.push('`monitor.port` (ENVOYER_METRICS_PORT) must be a whole number of 1 to 65535')
  }
  if (typeof host !== 'string' || host === '')
    problems.push('`monitor.host` (ENVOYER_METRICS_HOST) must be an address')
  if (typeof path !== 'string' || !/^\/[\w./-]*$/.test(path) || path.startsWith('/health/')) {
    problems.push('`monitor.path` must be a path such as /metrics, and none below /health/')
  }
  return { port: port === undefined ? undefined : Number(port), host, path }
}
