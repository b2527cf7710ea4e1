/**
 * The files of docs/deployment/ are not run here: there is no Docker, systemd or Kubernetes. They are
 * parsed, and held against what they name.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { parse, parseAllDocuments } from 'yaml'

const read = (name: string) =>
  readFileSync(new URL(`../../docs/deployment/${name}`, import.meta.url), 'utf8')
const source = (path: string) => readFileSync(new URL(`../../src/${path}`, import.meta.url), 'utf8')

const files = ['Dockerfile', 'compose.yaml', 'envoyer-worker@.service', 'kubernetes.yaml'] as const
const program = 'node_modules/envoyer/dist/src/cli/main.js'
/** The grace time of a worker and its last writes. */
const graceSeconds = 25

type Container = {
  command: string[]
  env?: { name: string; value: string }[]
  ports?: { name: string; containerPort: number }[]
  livenessProbe?: { httpGet: { path: string; port: string } }
  readinessProbe?: { httpGet: { path: string; port: string } }
}
interface Manifest {
  kind: string
  spec: {
    replicas?: number
    selector?: { matchLabels: object }
    template: {
      metadata?: { labels: object }
      spec: { terminationGracePeriodSeconds?: number; containers: Container[] }
    }
  }
}

const compose = parse(read('compose.yaml'), { merge: true }) as {
  services: Record<
    string,
    {
      command?: string[]
      environment?: Record<string, string>
      depends_on?: Record<string, { condition: string }>
      deploy?: { replicas: number }
      stop_grace_period?: string
    }
  >
  volumes: object
}
const manifests = parseAllDocuments(read('kubernetes.yaml')).map((document) => {
  assert.deepEqual(document.errors, [])
  return document.toJS() as Manifest
})
const unit = new Map(
  read('envoyer-worker@.service')
    .split('\n')
    .filter((line) => /^[A-Za-z]+=/.test(line))
    .map((line) => {
      const at = line.indexOf('=')
      return [line.slice(0, at), line.slice(at + 1)] as const
    }),
)
const deployment = manifests.find(({ kind }) => kind === 'Deployment')!
const worker = deployment.spec.template.spec.containers[0]!

describe('the files for a deployment', () => {
  test('start the program that the package has', () => {
    const bin = JSON.parse(
      readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
    ) as { bin: { envoyer: string } }
    assert.equal(`node_modules/envoyer/${bin.bin.envoyer.replace('./', '')}`, program)
    for (const name of files) assert.ok(read(name).includes(program), name)
  })

  test('set only variables that are read', () => {
    const known = [source('option/configuration.ts'), source('option/monitor.ts')].join('\n')
    for (const name of files) {
      for (const [variable] of read(name).matchAll(/ENVOYER_[A-Z_]+/g))
        assert.ok(known.includes(variable), `${name}: ${variable}`)
    }
  })

  test('give a worker the time to end, and two of them', () => {
    assert.match(source('worker/worker.ts'), /graceMs \?\? 20_000/)
    assert.ok(Number(unit.get('TimeoutStopSec')) >= graceSeconds)
    assert.ok(Number.parseInt(compose.services.worker!.stop_grace_period!, 10) >= graceSeconds)
    const { terminationGracePeriodSeconds = 0 } = deployment.spec.template.spec
    assert.ok(terminationGracePeriodSeconds >= graceSeconds)
    assert.deepEqual([compose.services.worker!.deploy!.replicas, deployment.spec.replicas], [2, 2])
  })

  test('migrate before they work', () => {
    const { migrate, worker: work } = compose.services
    assert.equal(migrate!.command!.at(-1), 'migrate')
    assert.equal(work!.depends_on!.migrate!.condition, 'service_completed_successfully')
    assert.equal(migrate!.depends_on!.postgres!.condition, 'service_healthy')
    const job = manifests.find(({ kind }) => kind === 'Job')!
    assert.equal(job.spec.template.spec.containers[0]!.command.at(-1), 'migrate')
  })

  test('ask for health where it is', () => {
    const server = source('monitor/server.ts')
    const port = worker.ports!.find(({ name }) => name === 'metrics')!
    assert.deepEqual(
      worker.env!.map(({ name, value }) => [name, value]),
      [
        ['ENVOYER_METRICS_PORT', String(port.containerPort)],
        ['ENVOYER_METRICS_HOST', '0.0.0.0'],
      ],
    )
    for (const probe of [worker.livenessProbe!, worker.readinessProbe!]) {
      assert.ok(server.includes(`'${probe.httpGet.path}'`), probe.httpGet.path)
      assert.equal(probe.httpGet.port, 'metrics')
    }
    const [, checked] = /127\.0\.0\.1:9464(\/[\w/]+)/.exec(read('Dockerfile'))!
    assert.ok(server.includes(`'${checked}'`))
    assert.match(read('Dockerfile'), /ENVOYER_METRICS_PORT=9464/)
  })

  test('name what they refer to', () => {
    const { selector, template } = deployment.spec
    assert.deepEqual(selector!.matchLabels, template.metadata!.labels)
    for (const { depends_on = {} } of Object.values(compose.services)) {
      for (const name of Object.keys(depends_on)) assert.ok(name in compose.services, name)
    }
    assert.deepEqual(Object.keys(compose.volumes), ['postgres'])
    assert.equal(unit.get('ExecStart'), `/usr/bin/node ${program} worker`)
  })
})
