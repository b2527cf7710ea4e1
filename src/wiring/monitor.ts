import type { HealthParts } from '../monitor/health.ts'
import { live, ready } from '../monitor/health.ts'
import { type MonitorServer, serveMonitor } from '../monitor/server.ts'
import { createGauges, type GaugeParts } from './gauges.ts'
import { createMeter, type Measuring } from './meter.ts'

export interface MonitorFace {
  /** Metrics in the text format of Prometheus; counts from the first call on, if not before. */
  metrics(): Promise<string>
  /** Serves metrics and health where a port is given; once, however many workers start. */
  serve(): Promise<void>
  close(): Promise<void>
}

/** What tells the outside how this process does. */
export function createMonitor(parts: GaugeParts, measuring: Measuring): MonitorFace {
  const { configuration, open, pulses } = parts
  const meterNow = () => {
    measuring.on ??= createMeter(Object.keys(configuration.channels))
    return measuring.on
  }
  const { monitor } = configuration
  if (monitor) meterNow()
  const gauges = createGauges(parts)
  const metrics = async () => {
    const meter = meterNow()
    return meter.render(await gauges())
  }
  const health: HealthParts = {
    pulses: () => [...pulses],
    database: async () => (await open()).database.execute('SELECT 1'),
  }
  let server: Promise<MonitorServer> | undefined
  return {
    metrics,
    async serve() {
      if (monitor?.port === undefined) return
      const place = { ...monitor, port: monitor.port }
      server ??= serveMonitor(place, {
        metrics,
        live: () => live(health),
        ready: () => ready(health),
      }).catch((thrown) => {
        server = undefined
        throw thrown
      })
      await server
    },
    async close() {
      const served = await server?.catch(() => undefined)
      await served?.close()
    },
  }
}
