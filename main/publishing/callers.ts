// Who may call, out of `sluice.yaml`: consumers and the Keys listed there.
import { limitFacts } from '#shared/project/limits.ts'
import type { Project } from '#shared/project/schema.ts'
import type { ConsumerFacts, FileKey } from './key-ring.ts'

export function consumersOf(project: Project): ReadonlyMap<string, ConsumerFacts> {
  return new Map(
    Object.entries(project.consumers).map(([id, consumer]) => [
      id,
      {
        tags: consumer.tags,
        limits: limitFacts(consumer.limits, consumer.budget),
        access: consumer.access === undefined ? null : new Map(Object.entries(consumer.access)),
      },
    ]),
  )
}

export function listedKeysOf(project: Project): readonly FileKey[] {
  return Object.entries(project.consumers).flatMap(([consumer, { keys }]) =>
    keys.map((key) => ({
      id: key.id,
      consumer,
      secretName: secretNameOf(key.secret),
      scopes: key.scopes,
      expiresAt: key.expires === undefined ? null : Date.parse(key.expires),
      state: key.state,
      pins: new Map(Object.entries(key.pin)),
      addresses: key.addresses,
      origins: key.origins,
      priority: key.priority,
      limits: limitFacts(key.limits),
    })),
  )
}

/** `secret:web_key` → `web_key` */
export function secretNameOf(reference: string): string {
  return reference.replace(/^secret:/, '')
}
